import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { readRecording } from '../../src/recording/read.ts'
import { asked } from '../e2e/asked.ts'
import { Engine } from '../e2e/engine.ts'
import { eventually, FlowProcess } from '../e2e/flow-process.ts'
import { SECRET_KEY, trade } from '../e2e/prints.ts'
import { useStage } from '../e2e/stage.ts'
import { query } from '../pg/database.ts'
import { startRest } from '../reader/rest-server.ts'
import { type Peer, startVendor, status, type Vendor } from '../reader/vendor-server.ts'

const TOKEN = 't0ken-that.must_not-leak'
const FILES_KEY = 'flat-f1les-access-k3y'
const FILES_SECRET = 'flat-f1les-s3cret/k3y+'
/** What stands in the key in each of its spellings: escaped for JSON, for an address, not at all. */
const KEY_MARK = 'k3y-Zq7.must_not'
/** As PHP and others write a slash in JSON, which JSON.stringify does not. */
const ESCAPED = SECRET_KEY.replaceAll('/', '\\/')

const stage = useStage()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-redaction-'))
  stage.cleanups.push(async () => rmSync(folder, { recursive: true, force: true }))
})

test.each([SECRET_KEY, ESCAPED, encodeURIComponent(SECRET_KEY)])('%s has the mark', (spelling) => {
  expect(spelling).toContain(KEY_MARK)
})

/** Says the key wherever the protocol has a place for a text. */
async function echo(peer: Peer): Promise<void> {
  peer.send(status('connected', `hello ${SECRET_KEY}`))
  const { params: key } = await peer.heard(0)
  peer.send(status('auth_success', `welcome ${key}`))
  const { params } = await peer.heard(1)
  peer.send(
    ...params.split(',').map((topic) => status('success', `subscribed to: ${topic} ${key}`)),
  )
  peer.send(status('error', `not understood: ${key}`), status(key, `a status for ${key}`))
  peer.send(status('error', `not authorized: your plan does not include ${key}`))
  peer.send({ ev: key, sym: key }, { [key]: key }, { ev: 'T', sym: key, p: key, s: key })
  // not in the conditions, whose texts are data and stored as they come
  for (const field of ['sym', 'x', 'i', 'p', 's', 't', 'q', 'note']) {
    peer.send(trade({ [field]: key }))
  }
  peer.ws.send(`[{"ev":"status","status":"error","message":"${ESCAPED}"}]`)
  peer.send(status('error', `no vendor knows ${TOKEN}, and the log hides it all the same`))
  peer.ws.send(`no JSON: ${key}`)
  peer.ws.send(Buffer.from(key))
  // each is asked about by itself
  for (const ms of [1, 2, 3, 4]) {
    peer.send(trade({ p: 9, s: 500, t: Number(trade().t) + ms, c: undefined }))
  }
}

/** Lets a first connection in and then says no in every way there is, with the key in it. */
async function echoingVendor(): Promise<Vendor> {
  let upgrades = 0
  const vendor = await startVendor(
    [
      echo,
      async (peer) => {
        peer.send(status('connected', SECRET_KEY))
        await peer.heard(0)
        peer.send(status('auth_failed', `no such key: ${SECRET_KEY} (${ESCAPED})`))
        peer.ws.close(1008, SECRET_KEY)
      },
    ],
    {
      verifyClient: (_, answer) => {
        upgrades++
        if (upgrades === 2) answer(false, 403, SECRET_KEY, { 'x-key': SECRET_KEY })
        else answer(true)
      },
    },
  )
  stage.cleanups.push(() => vendor.close())
  return vendor
}

/** Refuses, misleads and breaks off, each time with the key. */
async function echoingRest() {
  const bodies = [
    SECRET_KEY,
    JSON.stringify({ error: `bad ${SECRET_KEY}` }),
    `{"error":"${ESCAPED}"}`,
  ]
  let count = 0
  const rest = await startRest([
    (response) => {
      count++
      const body = bodies[count % bodies.length]!
      const code = [403, 200, 302, 500, 429][count % 5]!
      const location = `http://127.0.0.1:1/?apiKey=${encodeURIComponent(SECRET_KEY)}`
      response.writeHead(code, { location, 'x-key': SECRET_KEY })
      if (count % 4 === 0) response.write(body, () => response.destroy())
      else response.end(body)
    },
  ])
  stage.cleanups.push(() => rest.close())
  return rest
}

/** Every text of every table. */
async function everythingStored(url: string): Promise<string> {
  const tables = await query<{ name: string }>(
    url,
    "SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  )
  const texts: string[] = []
  for (const { name } of tables) {
    texts.push(name)
    const rows = await query<{ row: string }>(url, `SELECT t::text AS row FROM ${name} t`)
    texts.push(...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

function everyFile(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

test('the key, the token and the password are in nothing that the engine says or keeps', async () => {
  const [vendor, rest] = [await echoingVendor(), await echoingRest()]
  const settings = await stage.settingsFor(vendor)
  const dataDir = join(folder, 'data')
  const engine = new Engine({
    ...settings,
    FLOW_REST_URL: rest.url,
    FLOW_QUOTES_PER_CONNECTION: '10',
    FLOW_LOOKUP_PREMIUM: '1',
    FLOW_DATA_DIR: dataDir,
    FLOW_HTTP_TOKEN: TOKEN,
    FLOW_FLATFILES_ACCESS_KEY: FILES_KEY,
    FLOW_FLATFILES_SECRET_KEY: FILES_SECRET,
    MASSIVE_API_KEY: SECRET_KEY,
  })
  const { url } = await engine.line('listening')
  const answers: string[] = []
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
    const text = `${response.status} ${[...response.headers].join()} ${await response.text()}`
    answers.push(text)
    return text
  }
  const peer = await eventually('a connection', () => vendor.peers[0])
  await asked(peer)
  expect(peer.said[0]).toEqual({ action: 'auth', params: SECRET_KEY })
  await eventually('the prints and a refused lookup', async () => {
    const text = await ask('/metrics')
    return /flow_trades_stored_total [1-9]/.test(text) && rest.requests.length > 2
  })
  expect(rest.requests[0]!.authorization).toBe(`Bearer ${SECRET_KEY}`)
  for (const path of ['/api/stats', '/api/trades?limit=1000', '/readyz', '/healthz'])
    await ask(path)
  await ask(`/api/trades/${encodeURIComponent(String(trade().sym))}/1`)
  await ask('/api/nowhere')
  peer.send(status('max_connections', `too many for ${SECRET_KEY}`))
  peer.ws.close(1008, `closed: ${SECRET_KEY}`)
  // refused at the upgrade, then for good
  const end = performance.now() + 40_000
  while (engine.child.exitCode === null && performance.now() < end) {
    await ask('/readyz').catch(() => {})
    await ask('/metrics').catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(await engine.exited).toBe(1)
  expect(engine.said).toContain('no such key')
  expect(engine.said).toContain('403')

  const outputs = {
    log: engine.said,
    answers: answers.join('\n'),
    database: await everythingStored(settings.DATABASE_URL!),
    files: everyFile(folder),
  }
  expect(outputs.answers).toContain('flow_build_info')
  expect(outputs.database).toContain('O:SPY')
  const password = new URL(settings.DATABASE_URL!).password
  expect(password.length).toBeGreaterThan(10)
  for (const [name, text] of Object.entries(outputs)) {
    const lines = text.split('\n')
    for (const secret of [KEY_MARK, TOKEN, FILES_KEY, FILES_SECRET, password]) {
      expect(
        lines.filter((line) => line.includes(secret)),
        name,
      ).toEqual([])
    }
  }
})

test('nor in a recording of a vendor that says it', async () => {
  const [vendor, rest] = [await echoingVendor(), await echoingRest()]
  const recorder = new FlowProcess(['record', '--dir', join(folder, 'recorded')], {
    FLOW_FEED_URL: vendor.url,
    FLOW_REST_URL: rest.url,
    FLOW_SYMBOLS: 'SPY',
    FLOW_LOOKUP_PREMIUM: '1',
    FLOW_RECONNECT_MIN_MS: '50',
    MASSIVE_API_KEY: SECRET_KEY,
  })
  const peer = await eventually('a connection', () => vendor.peers[0])
  await asked(peer)
  await eventually('a request', () => rest.requests.length > 1)
  await new Promise((resolve) => setTimeout(resolve, 500)) // for the frames under way
  await recorder.kill('SIGTERM')
  const frames: string[] = []
  for (const name of readdirSync(join(folder, 'recorded'))) {
    for await (const batch of readRecording(join(folder, 'recorded', name))) {
      frames.push(...batch.map(({ bytes }) => Buffer.from(bytes).toString()))
    }
  }
  expect(frames.join('\n')).toContain('O:SPY')
  expect(frames.join('\n')).toContain('****')
  expect(frames.filter((frame) => frame.includes(KEY_MARK))).toEqual([])
  expect(recorder.said).not.toContain(KEY_MARK)
})
