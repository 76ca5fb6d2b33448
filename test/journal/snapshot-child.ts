/** A process that the tests kill: writes snapshots for ever, and tells the last. `DIR FIRST` */
import { writeSync } from 'node:fs'
import { writeSnapshot } from '../../src/journal/snapshot-file.ts'
import { anySnapshot } from './snapshots.ts'

const [dir, first] = process.argv.slice(2)
for (let number = Number(first); ; number++) {
  await writeSnapshot(dir!, anySnapshot(number % 250, 1_000_000))
  writeSync(1, `${number}\n`)
}
