/** `npm run report:labels`: measures the labels and writes docs/labels-report.md. */
import { writeFile } from 'node:fs/promises'
import { FULL, labelsReport } from './report.ts'

const DOCUMENT = new URL('../../docs/labels-report.md', import.meta.url)

await writeFile(DOCUMENT, await labelsReport(FULL))
console.log('docs/labels-report.md is written')
