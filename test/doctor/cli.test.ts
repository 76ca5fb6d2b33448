import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startSimulator } from '../../src/simulator/server.ts'
import { Engine } from '../e2e/engine.ts'
import { FlowProcess, killLeftovers } from '../e2e/flow-process.ts'

const SECRETS = { MASSIVE_API_KEY: 'k3y-of-a-customer', password: 's3cret-pw' }

afterEach(killLeftovers)

async function doctor(args: readonly string[], settings: Record<string, string> = {}) {
  const process = new FlowProcess(['doctor', ...args], { FLOW_HTTP_PORT: '0', ...settings })
  const code = await process.exited
  return { code, stdout: process.stdout, stderr: process.stderr }
}

it('of the demo: nothing is wrong, and no database is made', async () => {
  const { code, stdout } = await doctor([])
  expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing is wrong.')])
  expect(stdout).toMatch(/^- {5}key .*the demo/m)
  expect(stdout).toMatch(/^- {5}database .* is not running; it starts with the engine$/m)
})

it('with a key: exit code 1 where something is to mend, as JSON too, without a secret', async () => {
  const vendor = await startSimulator({ source: { kind: 'synthetic', seed: 1, rate: 10 } })
  const settings = {
    MASSIVE_API_KEY: SECRETS.MASSIVE_API_KEY,
    FLOW_FEED_URL: vendor.wsUrl,
    FLOW_REST_URL: vendor.restUrl,
    DATABASE_URL: `postgres://me:${SECRETS.password}@127.0.0.1:1/flow`,
  }
  const { code, stdout, stderr } = await doctor(['--json'], settings)
  await vendor.close()
  expect(code).toBe(1)
  const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string }[] }
  const states = Object.fromEntries(findings.map(({ name, state }) => [name, state]))
  expect(states).toMatchObject({ key: 'ok', plan: 'ok', rest: 'ok', database: 'fail' })
  for (const secret of Object.values(SECRETS)) expect(stdout + stderr).not.toContain(secret)
})

it('of a wrong configuration: exit code 2', async () => {
  const { code, stderr } = await doctor([], { FLOW_SHARDS: 'many' })
  expect(code).toBe(2)
  expect(stderr).toMatch(/FLOW_SHARDS: expected a whole number/)
})

it('leaves the connection of an engine that runs alone', async () => {
  const vendor = await startSimulator({ source: { kind: 'synthetic', seed: 1, rate: 10 } })
  const settings = {
    MASSIVE_API_KEY: 'a-key',
    FLOW_FEED_URL: vendor.wsUrl,
    FLOW_DATA_DIR: mkdtempSync(join(tmpdir(), 'flow-doctor-')),
  }
  const engine = new Engine(settings)
  await engine.ready()
  const { port } = new URL(String((await engine.line('listening')).url))
  const { stdout } = await doctor([], { ...settings, FLOW_HTTP_PORT: port })
  expect(stdout).toMatch(/^- {5}feed .*one connection at a time$/m)
  expect(stdout).toMatch(/^ok {4}engine .*is ready$/m)
  const elsewhere = await doctor([], settings)
  expect(elsewhere.stdout).toMatch(/^- {5}feed .*one connection at a time$/m)
  expect(elsewhere.stdout).toMatch(/^ok {4}engine {6}process \d+ runs in /m)
  await engine.drain()
  const alone = await doctor([], settings)
  expect(alone.stdout).toMatch(/^ok {4}key .*the vendor takes it$/m)
  await vendor.close()
  rmSync(settings.FLOW_DATA_DIR, { recursive: true })
})
