import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { parseDockerfile } from '../deploy/dockerfile.ts'
import { Engine } from '../e2e/engine.ts'
import { imbalance, killLeftovers } from '../e2e/flow-process.ts'
import { countRows } from '../e2e/table.ts'
import { query, reachableDirectory, startTestPostgres, type TestPostgres } from '../pg/database.ts'

/** The image by hand: there is no Docker here, so its steps run in a folder for each stage. */
const ROOT = join(import.meta.dirname, '../..')
const NOBODY = 65_534
const IS_ROOT = process.getuid?.() === 0
/** What the last stage runs is about its own file system, and must not run on this one. */
const OF_THE_IMAGE = /^rm -rf \/usr\/local|^install -d -o 1000 -g 1000 \/var\/lib\/flow$/

let postgres: TestPostgres
let simulator: Simulator
let image: string
const run = promisify(execFile)

beforeAll(async () => {
  image = await reachableDirectory()
  ;[postgres, simulator] = await Promise.all([
    startTestPostgres(),
    startSimulator({ source: { kind: 'synthetic', seed: 5, rate: 5_000, quotesPerPrint: 1 } }),
  ])
  await build()
}, 300_000)
afterEach(killLeftovers)
afterAll(async () => {
  await simulator.close()
  await postgres.stop()
  await rm(image, { recursive: true, force: true })
})

async function build(): Promise<void> {
  const { stages } = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'))
  for (const { name = 'final', instructions } of stages) {
    let cwd = join(image, name)
    for (const { name: instruction, text } of instructions) {
      if (instruction === 'WORKDIR') {
        cwd = join(image, name, text)
        await mkdir(cwd, { recursive: true })
      }
      if (instruction === 'COPY') await copy(text, cwd)
      if (instruction === 'RUN' && !OF_THE_IMAGE.test(text)) {
        await run('sh', ['-ec', text], { cwd, maxBuffer: 2 ** 26 })
      }
    }
  }
  const data = join(image, 'data')
  await mkdir(data)
  if (IS_ROOT) await chown(data, NOBODY, NOBODY)
  // the one that runs this may stand where another user cannot go
  await cp(process.execPath, join(image, 'node'))
  await chmod(join(image, 'node'), 0o755)
}

async function copy(text: string, cwd: string): Promise<void> {
  const words = text.split(' ')
  const stage = words[0]!.startsWith('--from=') ? words.shift()!.slice(7) : undefined
  const target = words.pop()!
  for (const source of words) {
    const from = stage === undefined ? join(ROOT, source) : join(image, stage, source)
    const isFile = (await stat(from)).isFile()
    const to = join(cwd, target, isFile ? source : '')
    await mkdir(dirname(to), { recursive: true })
    await cp(from, to, { recursive: true })
  }
}

/** The entry point of the image, as a user who owns nothing but the data. */
async function start(): Promise<{ engine: Engine; databaseUrl: string }> {
  const databaseUrl = await postgres.freshDatabase()
  const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  const engine = new Engine(
    {
      DATABASE_URL: databaseUrl,
      FLOW_DATA_DIR: join(image, 'data'),
      FLOW_FEED_URL: simulator.wsUrl,
      FLOW_REST_URL: simulator.restUrl,
      NODE_ENV: 'production',
    },
    [
      ...(IS_ROOT ? ['setpriv', ...asNobody] : []),
      ...['env', '-C', join(image, 'final/app'), join(image, 'node'), 'dist/cli.js', 'run'],
    ],
  )
  return { engine, databaseUrl }
}

test('holds the program, what it needs to run, and nothing of what builds it', async () => {
  const app = join(image, 'final/app')
  expect((await readdir(app)).sort()).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json'])
  const installed = await readdir(join(app, 'node_modules'))
  for (const absent of ['typescript', 'vite', 'vitest', 'node', 'playwright-core']) {
    expect(installed).not.toContain(absent)
  }
  const { stdout } = await run('du', ['-sm', join(app, 'node_modules'), join(app, 'dist')])
  const [modules, dist] = stdout.split('\n').map((line) => Number.parseInt(line, 10))
  console.log(`node_modules ${modules} MiB, dist ${dist} MiB`)
  expect(modules).toBeLessThan(40)
  expect(dist).toBeLessThan(10)
})

test('stores as a user without rights, shows the page, and drains on SIGTERM', async () => {
  const { engine, databaseUrl } = await start()
  await engine.ready()
  await engine.received(5_000)
  const owner = (await stat(`/proc/${engine.child.pid}`)).uid
  expect(owner).toBe(IS_ROOT ? NOBODY : process.getuid?.())
  const page = await engine.get('/')
  expect(page.status).toBe(200)
  expect(page.body).toContain('/assets/')
  expect(await engine.kill('SIGTERM')).toBe(0)
  expect(imbalance(engine.account)).toBe(0)
  const removed = 'SELECT count(*)::int AS n FROM flow_cancels WHERE was_stored'
  const [cancelled] = await query<{ n: number }>(databaseUrl, removed)
  expect((await countRows(databaseUrl)) + cancelled!.n).toBe(engine.account.stored)
  expect(engine.account.stored).toBeGreaterThan(0)
})
