import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { environment, eventually } from './flow-process.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

/** Ctrl-S and Ctrl-Q. */
const [STOP, GO_ON] = ['\u0013', '\u0011']

/** A number once it stays what it is. */
async function quiet(read: () => number): Promise<number> {
  for (let before = -1; ; ) {
    if (before === read()) return before
    before = read()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** util-linux has it: a command on a terminal of its own. */
function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux')
  } catch {
    return false
  }
}

/** `flow run` of the demo on a terminal of 100 columns and 40 rows. */
function onTerminal(...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'flow-terminal-'))
  const command = `stty cols 100 rows 40; exec "${process.execPath}" "${CLI}" run ${flags.join(' ')}`
  const { FLOW_LOG: _, ...env } = environment({ FLOW_DATA_DIR: folder, FLOW_HTTP_PORT: '0' })
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...env, TERM: 'xterm', SHELL: '/bin/sh' },
  })
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  cleanups.push(() => child.kill('SIGKILL'))
  const seen = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.text += stripVTControlCharacters(text)
  })
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  const type = (text: string) => child.stdin.write(text)
  return { seen, exited, type, interrupt: () => type('\u0003') }
}

it.skipIf(!hasScript())(
  'flow run has a live view on a terminal, and ends with the account',
  async () => {
    const { seen, exited, interrupt } = onTerminal()
    await eventually('prints in the view', () =>
      /^engine {3}ready, up .*[\s\S]*^total {4}[1-9]/m.test(seen.text.replaceAll('\r', '')),
    )
    await eventually('the largest print', () => seen.text.includes('largest  '))
    interrupt()
    expect(await exited).toBe(0)
    const [, after = ''] = seen.text.split('stopping')
    expect(after).toMatch(/Drained:\s+received: \d/)
    expect(after.split('Drained:')[1]).not.toContain('engine   ')
  },
)

it.skipIf(!hasScript())('with --plain there are lines alone', async () => {
  const { seen, exited, interrupt } = onTerminal('--plain')
  await eventually('a print', () => / premium\)/.test(seen.text))
  interrupt()
  expect(await exited).toBe(0)
  expect(seen.text).toMatch(/Drained:/)
  expect(seen.text).not.toContain('engine   ready')
})

it.skipIf(!hasScript())(
  'a terminal that takes nothing for a while does not hold the engine up',
  async () => {
    const { seen, exited, type, interrupt } = onTerminal()
    const url = await eventually(
      'prints',
      () =>
        /^total {4}[1-9]/m.test(seen.text.replaceAll('\r', '')) &&
        /http:\/\/[\d.:]+/.exec(seen.text),
    )
    const received = async (): Promise<number> => {
      const answer = await fetch(`${url}/api/stats`, { signal: AbortSignal.timeout(5000) })
      return ((await answer.json()) as { account: { received: number } }).account.received
    }
    type(STOP)
    const before = await received()
    const shown = await quiet(() => seen.text.length)
    await eventually('more prints', async () => (await received()) > before + 400)
    expect(seen.text.length).toBe(shown)
    type(GO_ON)
    await eventually('the terminal goes on', () => seen.text.length > shown + 2000)
    interrupt()
    expect(await exited).toBe(0)
    expect(seen.text).toMatch(/Drained:\s+received: \d/)
  },
)
