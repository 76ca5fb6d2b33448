import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '../../src')

/** An engine whose database never comes, and a stop. */
const SCRIPT = `
import { loadConfig } from '${SRC}/config.ts'
import { createLog } from '${SRC}/console/log.ts'
import { LiveRun } from '${SRC}/engine/live-run.ts'
const env = { FLOW_HTTP_PORT: '0', FLOW_DRAIN_TIMEOUT_MS: '300', FLOW_LOG: 'json' }
const { config } = loadConfig({ env, directory: '/', flags: {}, isTerminal: false })
const log = createLog({ format: 'json', secrets: [], write: (line) => process.stdout.write(line) })
const live = new LiveRun({
  config, log, alerts: null, apiKey: 'a-key',
  openDatabase: () => new Promise(() => setTimeout(() => {}, 60_000)),
})
live.run()
setTimeout(() => live.stop('SIGTERM received'), 200)
`

it('a stop while the database never comes ends within FLOW_DRAIN_TIMEOUT_MS', async () => {
  const words = ['--input-type=module', '--eval', SCRIPT]
  const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
    execFile(process.execPath, words, { timeout: 40_000 }, (error, stdout) => {
      resolve({ code: error?.code, said: stdout })
    })
  })
  expect(said).toMatch(/"not drained \(FLOW_DRAIN_TIMEOUT_MS, 300 ms\): 0 prints left"/)
  expect(code).toBe(1)
})
