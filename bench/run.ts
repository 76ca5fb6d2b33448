/**
 * `npm run bench [-- NAME ...]`: all benchmarks one after the other, each in a process of its own,
 * so that none warms or spoils the next. A run of all of them writes results.md; with names, only
 * those whose file name contains one of them run, and nothing is written.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { startDatabase } from './kit/database.ts'
import { type Figure, type Report, spreadText, timesBetter } from './kit/figures.ts'

const BENCHES = [
  'micro/decode',
  'micro/classify',
  'micro/encode',
  'micro/journal',
  'pipeline/feed-to-null',
  'pipeline/feed-to-copy',
  'pipeline/latency',
  'pipeline/memory',
]
/** A benchmark that has not ended by then is stuck. */
const BENCH_MS_MAX = 240_000
const RESULTS = new URL('./results.md', import.meta.url)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' }, child: { type: 'string' } },
})
if (values.child !== undefined) await report(values.child)
else if (values.help === true) console.log(`npm run bench [-- NAME ...]\n\n${BENCHES.join('\n')}`)
else process.exitCode = await runAll(positionals)

/** The child's side: runs one benchmark and tells the parent. */
async function report(name: string): Promise<void> {
  const { run } = (await import(`./${name}.bench.ts`)) as { run: () => Promise<Report> }
  const result = await run()
  process.send?.(result, () => process.exit(0))
}

async function runAll(names: readonly string[]): Promise<number> {
  const chosen = BENCHES.filter((bench) => names.every((name) => bench.includes(name)))
  if (chosen.length === 0) {
    console.error(`no benchmark is named ${names.join(' ')}: there are ${BENCHES.join(', ')}`)
    return 2
  }
  const machine = await machineLine()
  console.log(`${machine}\n`)
  const sections: string[] = []
  let failed = 0
  for (const bench of chosen) {
    const startedAt = performance.now()
    const child = fork(new URL(import.meta.url), ['--child', bench], {
      timeout: BENCH_MS_MAX,
    })
    let result: Report | null = null
    child.on('message', (message: Report) => {
      result = message
    })
    const [code] = (await once(child, 'exit')) as [number]
    const took = `${Math.round((performance.now() - startedAt) / 1000)} s`
    if (result === null) {
      failed++
      console.error(`${bench}: no result, exit code ${code}, after ${took}\n`)
      continue
    }
    const section = sectionOf(bench, result)
    sections.push(section)
    console.log(`${section}\n(${took})\n`)
  }
  if (names.length === 0 && failed === 0) await writeFile(RESULTS, document(machine, sections))
  return failed === 0 ? 0 : 1
}

async function machineLine(): Promise<string> {
  const database = await startDatabase()
  const { version } = database
  await database.stop()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const cores = `${availableParallelism()} cores`
  const cpu = cpus()[0]?.model ?? 'unknown processor'
  return `${cpu}, ${cores}, ${memory}, Node ${process.version}, PostgreSQL ${version}`
}

function sectionOf(bench: string, { title, figures, notes }: Report): string {
  return [
    `## ${title}`,
    '',
    `\`bench/${bench}.bench.ts\``,
    '',
    '| | unit | engine | naive | times better | limit | of the limit |',
    '|---|---|---|---|---|---|---|',
    ...figures.map(lineOf),
    '',
    ...notes.map((note) => `- ${note}`),
  ].join('\n')
}

function lineOf(figure: Figure): string {
  const { name, unit, engine, naive, limit } = figure
  const cells = [
    name,
    unit,
    spreadText(engine),
    naive === null ? '' : spreadText(naive),
    naive === null ? '' : timesBetter(figure, naive).toFixed(1),
    limit === null ? '' : spreadText(limit),
    limit === null ? '' : `${Math.round(timesBetter(figure, limit) * 100)} %`,
  ]
  return `| ${cells.join(' | ')} |`
}

function document(machine: string, sections: readonly string[]): string {
  return `# Measured

Written by \`npm run bench\`; how to read it: [docs/performance.md](../docs/performance.md).

${machine}, ${new Date().toISOString().slice(0, 10)}.
Median (smallest..largest) of at least five runs, unless a note says otherwise. All figures of a line come from the same
interleaved rounds, so that their ratios hold on a busy machine too.

${sections.join('\n\n')}
`
}
