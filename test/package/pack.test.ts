import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reachableDirectory } from '../pg/database.ts'

/** The package as someone gets it who has neither this repository nor its tools. */
const ROOT = join(import.meta.dirname, '../..')
const TARBALL_MIB_MAX = 3
const SECRET = 'not-for-the-registry'
/** What `npm pack` looks at is a copy: a build removes dist, which other tests may be serving. */
const NOT_COPIED = /^(?:node_modules|dist|\.git|\.flow)$/

type Packed = {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

let work: string
let consumer: string
let packed: Packed

async function run(cwd: string, file: string, ...args: string[]): Promise<string> {
  // node of the tests, and nothing else of this repository
  const here = join(process.execPath, '..')
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
  const env = {
    PATH: [here, ...path].join(delimiter),
    HOME: process.env.HOME ?? work,
    NO_UPDATE_NOTIFIER: '1',
  }
  const { stdout } = await promisify(execFile)(file, args, { cwd, env, maxBuffer: 2 ** 26 })
  return stdout
}

beforeAll(async () => {
  work = await reachableDirectory()
  const copy = join(work, 'source')
  await cp(ROOT, copy, {
    recursive: true,
    filter: (source) => !NOT_COPIED.test(relative(ROOT, source)),
  })
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  for (const path of ['.env', 'src/.env', 'examples/.env', 'notes.log', 'deploy/secrets/key']) {
    await mkdir(join(copy, path, '..'), { recursive: true })
    await writeFile(join(copy, path), `MASSIVE_API_KEY=${SECRET}\n`)
  }
  // prepack builds; what it prints comes before the answer
  const said = await run(copy, 'npm', 'pack', '--json', '--pack-destination', work)
  const answer = JSON.parse(said.slice(said.search(/^[[{]/m))) as unknown
  packed = Object.values(answer as object)[0] as Packed
  consumer = join(work, 'consumer')
  await mkdir(consumer)
  const manifest = { name: 'consumer', version: '1.0.0', private: true, type: 'module' }
  await writeFile(join(consumer, 'package.json'), JSON.stringify(manifest))
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--omit=optional']
  const tarball = join(work, packed.filename)
  await run(consumer, 'npm', 'install', ...quiet, '--ignore-scripts', tarball)
})
afterAll(() => rm(work, { recursive: true, force: true }))

test('the tarball has the program, its page and its documents, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path)
  const top = [...new Set(paths.map((path) => path.split('/')[0]))].sort()
  expect(top).toEqual(
    ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'examples', 'package.json'].sort(),
  )
  expect(paths).toContain('dist/cli.js')
  expect(paths).toContain('dist/index.d.ts')
  expect(paths).toContain('dist/page/index.html')
  expect(paths.filter((path) => /^dist\/page\/assets\/.+\.(?:js|css)$/.test(path))).not.toEqual([])
  expect(
    paths.filter((path) => /(?:^|\/)\.|^(?:test|bench|src|deploy)\/|\.(?:log|map)$/.test(path)),
  ).toEqual([])
  expect(packed.size / 2 ** 20).toBeLessThan(TARBALL_MIB_MAX)
})

test('every file that package.json names is in it', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const paths = packed.files.map(({ path }) => path)
  const { types, default: main } = manifest.exports['.']
  for (const path of [manifest.bin.flow, manifest.types, types, main]) {
    expect(paths).toContain(path.replace(/^\.\//, ''))
  }
})

test('the documents it links to are in it', async () => {
  const paths = new Set(packed.files.map(({ path }) => path))
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\(((?:docs|examples)\/[^)#]+)/g)].map((found) => found[1]!)
  expect(links.length).toBeGreaterThan(5)
  for (const link of links) expect(paths.has(link), link).toBe(true)
})

test('npx flow runs', async () => {
  const help = await run(consumer, 'npx', '--no-install', 'flow', '--help')
  for (const command of ['run', 'replay', 'context', 'doctor']) expect(help).toContain(command)
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const installed = join(consumer, 'node_modules/options-flow-engine/package.json')
  expect(JSON.parse(await readFile(installed, 'utf8')).version).toBe(version)
})

test('the library loads, and computes what it says', async () => {
  const program = `import { FlowAnalysisEngine, parseContract } from 'options-flow-engine'
    console.log(typeof FlowAnalysisEngine, parseContract('O:SPXW251219C06475000').strikeMills)`
  await writeFile(join(consumer, 'program.js'), program)
  expect(await run(consumer, process.execPath, 'program.js')).toBe('function 6475000\n')
})

test('its types hold under strict, without the types of anything else', async () => {
  const good = `import { FlowAnalysisEngine, type FlowContext } from 'options-flow-engine'
    const engine: FlowAnalysisEngine = new FlowAnalysisEngine()
    const context: FlowContext | null = await engine.getFlowContext('SPX', 'medium')
    export const score: number = engine.applyFlowBoost(55, context, 'LONG')\n`
  await writeFile(join(consumer, 'good.ts'), good)
  await writeFile(join(consumer, 'bad.ts'), good.replace("'LONG'", "'UP'"))
  const tsc = (file: string) =>
    run(
      consumer,
      process.execPath,
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...[
        '--strict',
        '--noEmit',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        '',
        file,
      ],
    )
  expect(await tsc('good.ts')).toBe('')
  await expect(tsc('bad.ts')).rejects.toMatchObject({ stdout: expect.stringContaining('"UP"') })
})
