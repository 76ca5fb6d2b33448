import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configTable } from '../src/config-help.ts'
import { createMetrics } from '../src/metrics/metrics.ts'

/** What a folder may import beside itself (docs/architecture.md). Any other is refused. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  slab: ['domain'],
  reader: ['slab', 'domain'],
  recording: ['slab', 'domain'],
  journal: ['slab', 'domain'],
  fill: ['slab', 'domain', 'reader', 'recording', 'rollup', 'shard', 'writer'],
  shard: ['slab', 'domain'],
  rollup: ['slab', 'domain'],
  writer: ['slab', 'domain', 'rollup'],
  flow: ['domain', 'rollup', 'postgres'],
  backtest: ['domain', 'flow'],
  follow: ['domain'],
  stream: ['slab', 'domain', 'follow', 'metrics'],
  alerts: ['domain', 'flow', 'follow'],
  postgres: ['slab', 'domain'],
  metrics: ['slab', 'domain'],
  api: ['domain', 'flow', 'metrics'],
  console: ['slab', 'domain'],
  // runs in the browser: built by Vite, served as files
  page: ['domain', 'stream'],
  doctor: ['reader', 'fill', 'journal', 'postgres'],
  simulator: ['slab', 'domain', 'recording'],
}
/** These wire everything; so do the files of src itself. */
const SEES_ALL = ['engine', 'commands', '']

const LINES_MAX = 300
const COLUMNS_MAX = 100
const ROOT = join(import.meta.dirname, '..')
const HERE = 'test/tidy.test.ts'

function filesOf(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => ending.test(path) && !path.includes('fixtures'))
    .sort()
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Modules that a file names: import, export from, import() and new URL(..., import.meta.url). */
function importsOf(text: string): string[] {
  const statements = /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]/g
  const others = /(?:\bimport\s*\(?|new URL\()\s*['"]([^'"]+)['"]/g
  return [...text.matchAll(statements), ...text.matchAll(others)].map(([, target]) => target!)
}

/** The text without comments and one-line texts: what is left is code, nearly. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`\n]*`/g, "''")
    .replace(/\/\/.*/g, '')
}

/** Folder of a path under src: `reader`, or nothing for a file of src itself. */
const folderOf = (path: string): string => path.split(/[\\/]/).slice(1, -1)[0] ?? ''

const SRC = filesOf('src', /\.ts$/)
const TESTS = filesOf('test', /\.test\.ts$/)
const ALL = [...SRC, ...filesOf('test', /\.ts$/), ...filesOf('bench', /\.ts$/)]

describe.each(SRC)('%s', (path) => {
  const text = read(path)
  const folder = folderOf(path)

  test('keeps the import law', () => {
    const allowed = MAY_IMPORT[folder]
    if (allowed === undefined) {
      expect(SEES_ALL, `the folder ${folder} has no place in the import law`).toContain(folder)
      return
    }
    const targets = importsOf(text)
      .filter((target) => target.startsWith('.'))
      .map((target) => normalize(join(path, '..', target)))
      .filter((target) => target.startsWith('src') && folderOf(target) !== folder)
    const broken = targets.filter((target) => !allowed.includes(folderOf(target)))
    expect(broken).toEqual([])
  })

  test(`has at most ${LINES_MAX} lines`, () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  })
  if (folder !== 'domain') return
  test('is pure', () => {
    expect(importsOf(text).filter((target) => !target.startsWith('.'))).toEqual([])
    expect(text).not.toMatch(/\bDate\.now|new Date\(\)|\bperformance\b|\bprocess\.|Math\.random/)
  })
})

test.each(ALL.filter((path) => path !== HERE))('%s has nothing left undone', (path) => {
  const text = read(path)
  expect(text).not.toMatch(/\b(?:TODO|FIXME|XXX|HACK)\b/)
  expect(text).not.toMatch(/@ts-(?:ignore|expect-error|nocheck)|biome-ignore/)
  expect(codeOf(text)).not.toMatch(/(?::|\bas|[<|,])\s*any\b/)
})

test.each(SRC)(`%s has no line of more than ${COLUMNS_MAX} columns`, (path) => {
  // a long text or expression the formatter has no place to break stays as it is
  const long = read(path)
    .split('\n')
    .filter((line) => [...line].length > COLUMNS_MAX && !/['"`/]/.test(line))
  expect(long).toEqual([])
})

test.each(TESTS)('%s asserts something', (path) => {
  expect(read(path)).toMatch(/\bexpect\b|\bassert\b/)
})

describe('names that others rely on', () => {
  const metrics = createMetrics({ version: '', rules: '', symbols: [] })
  const known = metrics.registry.getMetricsAsArray().map(({ name }) => name)

  const documents = [...filesOf('grafana', /\.(json|ya?ml|md)$/), 'README.md']
  test.each(documents.filter((path) => existsSync(join(ROOT, path))))(
    '%s names only metrics that exist',
    (path) => {
      const strange = [...read(path).matchAll(/\bflow_[a-z0-9_]+/g)]
        .map(([name]) => name)
        .filter((name) => !NO_METRICS.includes(name))
        .filter((name) => !known.includes(name.replace(/_(?:bucket|sum|count)$/, '')))
        .filter((name) => !known.includes(name))
      expect(strange).toEqual([])
    },
  )

  test('the README has the configuration table of the code', () => {
    expect(read('README.md')).toContain(configTable())
  })
})

/** Tables and functions of the database, which begin like metrics. */
const NO_METRICS = [
  ...['flow_gaps', 'flow_cancels', 'flow_events', 'flow_minute_sums', 'flow_corrections'],
  ...['flow_http_token', 'flow_reader_password'],
]
