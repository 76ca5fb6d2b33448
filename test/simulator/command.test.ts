import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Client } from './client.ts'

const SCRIPT =
  "import { simulateCommand } from './src/commands/simulate.ts';" +
  "await simulateCommand().parseAsync(['node', 'simulate', ...process.argv.slice(1)])"

let child: ChildProcess | null = null
afterEach(() => {
  child?.kill('SIGKILL')
})

function run(...flags: readonly string[]) {
  const running = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, '--', ...flags])
  child = running
  let out = ''
  let err = ''
  running.stdout.on('data', (text: Buffer) => {
    out += text.toString()
  })
  running.stderr.on('data', (text: Buffer) => {
    err += text.toString()
  })
  const code = new Promise<number | null>((resolve) => running.once('close', resolve))
  return { running, code, out: () => out, err: () => err }
}

test('serves, says how to reach it, and ends cleanly on SIGTERM', async () => {
  const { running, code, out } = run('--symbols', 'SPY', '--rate', '500', '--api-key', 'k3y')
  await expect.poll(out, { timeout: 30_000 }).toContain('flow run')
  const url = /FLOW_FEED_URL=(\S+)/.exec(out())?.[1] ?? ''
  expect(out()).toMatch(/FLOW_REST_URL=http:\/\/127\.0\.0\.1:\d+ /)
  expect(out()).not.toContain('k3y')
  const client = new Client(url)
  await client.subscribe('T.*', 'k3y')
  await client.frames(5)
  running.kill('SIGTERM')
  expect(await code).toBe(0)
  expect(out()).toMatch(/\d+ prints, \d+ quotes, \d+ frames sent/)
})

test('takes the clusters of the plan and faults of a share of the requests', async () => {
  const { out } = run('--clusters', 'options,indices', '--fault', 'rest500:100%')
  await expect.poll(out, { timeout: 30_000 }).toContain('flow run')
  const rest = /FLOW_REST_URL=(\S+)/.exec(out())?.[1] ?? ''
  expect((await fetch(`${rest}/v3/snapshot/options/SPY?apiKey=k`)).status).toBe(500)
  const url = /FLOW_FEED_URL=(\S+)/.exec(out())?.[1] ?? ''
  const stocks = new Client(url.replace('/options', '/stocks'))
  await stocks.frames(1)
  stocks.send('auth', 'key')
  await stocks.closed()
  expect(stocks.texts[1]).toContain("Your plan doesn't include websocket access.")
  const indices = new Client(url.replace('/options', '/indices'))
  await indices.subscribe('V.*')
  await indices.frames(4)
  expect(indices.data[0]).toContain('"T":"I:SPX"')
  indices.socket.terminate()
})

test('plays a tape and says when it has ended', async () => {
  const tape = 'test/fixtures/tapes/spy-2024-06-14-500C.frames.jsonl.gz'
  const { running, code, out } = run('--tape', tape, '--speed', 'max')
  await expect.poll(out, { timeout: 30_000 }).toContain('flow run')
  const client = new Client(/FLOW_FEED_URL=(\S+)/.exec(out())?.[1] ?? '')
  await client.subscribe('T.*')
  await expect.poll(out, { timeout: 30_000 }).toContain('the tape has ended; 98 prints, 98 quotes')
  running.kill('SIGINT')
  expect(await code).toBe(0)
})

test('one line for each wrong flag, and exit 2', async () => {
  const flags = ['--port', 'x', '--rate', '0', '--speed', '2', '--symbols', 'SPY,spy']
  const more = ['--fault', 'drop', '--shift-to-now', '--clusters', 'options,forex']
  const { code, err, out } = run(...flags, ...more)
  expect(await code).toBe(2)
  expect(out()).toBe('')
  const lines = err().trim().split('\n')
  const wrong = ['--port', '--rate', '--speed', '--symbols', '--fault', '--shift-to-now']
  for (const flag of [...wrong, '--clusters']) {
    expect(lines.filter((line) => line.startsWith(`flow: ${flag}`)).length, flag).toBe(1)
  }
  expect(lines.length).toBe(7)
})

test('an unknown flag is exit 2, a port that is taken and a tape that is missing exit 1', async () => {
  const unknown = run('--bogus')
  expect(await unknown.code).toBe(2)
  expect(unknown.err()).toContain("unknown option '--bogus'")
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const second = run('--port', String(port))
  expect(await second.code).toBe(1)
  expect(second.err()).toContain('the simulator cannot start')
  taken.close()
  const missing = run('--tape', 'no/such/file.csv')
  expect(await missing.code).toBe(1)
  expect(missing.err()).toContain('no/such/file.csv')
})
