/**
 * `npm run fuzz [-- TARGET ...] [--inputs N] [--seed S]`: runs the targets one after the other,
 * each in a thread that is watched. N is shared out among the targets. What is found is written
 * into the corpus, to be fixed and given a name; exit code 1 then.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { corpusFolder } from './corpus.ts'
import { TARGETS } from './targets.ts'
import { type Report, watch } from './watch.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
})
const MIB = 1024 * 1024
const names = TARGETS.map(({ name }) => name)
const strange = positionals.filter((name) => !names.includes(name))
const isNumber = /^\d{1,12}$/.test(values.inputs) && /^\d{1,9}$/.test(values.seed)
if (values.help === true) {
  console.log(`npm run fuzz [-- TARGET ...] [--inputs N] [--seed S]\n\n${names.join('\n')}`)
} else if (strange.length > 0 || !isNumber) {
  console.error(
    `expected targets (${names.join(', ')}) and whole numbers, came ${strange} ${values.inputs} ${values.seed}`,
  )
  process.exitCode = 2
} else process.exitCode = await runAll(Number(values.inputs), Number(values.seed))

async function runAll(inputs: number, seed: number): Promise<number> {
  const chosen = TARGETS.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  )
  const shares = chosen.reduce((sum, { share }) => sum + share, 0)
  console.log(
    '| target | inputs | behaviours | seconds | max rss MiB | heap after gc MiB | found |',
  )
  console.log('|---|---|---|---|---|---|---|')
  let [ran, found, seconds] = [0, 0, 0]
  for (const { name, share } of chosen) {
    const report = await watch(name, Math.ceil((inputs * share) / shares), seed)
    console.log(lineOf(report))
    for (const { input, problem, of } of report.found) {
      console.error(`\n${name}, ${of}: ${problem}\nkept as ${keep(name, input)}\n`)
    }
    ran += report.inputs
    found += report.found.length
    seconds += report.seconds
  }
  console.log(`| all | ${ran} | | ${seconds.toFixed(0)} | | | ${found} |`)
  return found === 0 ? 0 : 1
}

function lineOf(report: Report): string {
  const { target, inputs, behaviours, seconds, rssMax, memory, found } = report
  const mib = (bytes: number | undefined): string => ((bytes ?? Number.NaN) / MIB).toFixed(0)
  const heap = memory.length === 0 ? '' : `${mib(memory[0])} to ${mib(memory.at(-1))}`
  return `| ${target} | ${inputs} | ${behaviours} | ${seconds.toFixed(1)} | ${mib(rssMax)} | ${heap} | ${found.length} |`
}

function keep(target: string, input: Buffer): string {
  const name = `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`
  mkdirSync(corpusFolder(target), { recursive: true })
  const path = join(corpusFolder(target), name)
  writeFileSync(path, input)
  return path
}
