import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const CLI = join(import.meta.dirname, '../../src/cli.ts')

/** Asks the function that the script has set up as bash does, for each line with the cursor at its end. */
const ASK = `
source <(flow completion bash)
while IFS= read -r line; do
  COMP_LINE="$line"; COMP_POINT=\${#line}
  read -ra COMP_WORDS <<< "$line"
  [[ "$line" == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _flow_completion
  echo "\${COMPREPLY[*]}"
done
`

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-completion-'))
  const flow = join(folder, 'flow')
  writeFileSync(flow, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`)
  chmodSync(flow, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function inBash(script: string, lines: readonly string[]): Promise<string[]> {
  const env = { PATH: `${folder}:${process.env.PATH ?? ''}` }
  const asked = run('bash', ['--norc', '-c', script], { env })
  asked.child.stdin!.end(lines.map((line) => `${line}\n`).join(''))
  return (await asked).stdout.split('\n').slice(0, -1)
}

test('bash completes commands, flags and the values that there are', async () => {
  const expected: Readonly<Record<string, string>> = {
    'flow ba': 'backfill backtest',
    'flow --v': '--version',
    'flow run --rul': '--rules',
    'flow run --rules ': 'opra seed',
    'flow run --rules opra --rul': '',
    'flow context SPX --window ': 'short medium long',
    'flow alerts ': 'check test',
    'flow alerts test --r': '--rule',
    'flow completion ': 'bash zsh fish',
    'flow simulate --fault drop@1s --fau': '--fault',
    'flow nonsense ': '',
  }
  const lines = Object.keys(expected)
  const told = await inBash(ASK, lines)
  expect(Object.fromEntries(lines.map((line, at) => [line, told[at]]))).toEqual(expected)
})

test('what was typed is never run', async () => {
  const mark = join(folder, 'mark')
  await inBash(ASK, [`flow context $(touch ${mark}) `, `flow run \`touch ${mark}\` --r`])
  await expect(run('ls', [mark])).rejects.toThrow()
})

test.each([
  ['zsh', /compdef _flow_completion flow/],
  ['fish', /complete -f -d 'flow' -c flow/],
])('%s has a script too', async (shell, expected) => {
  expect((await run(join(folder, 'flow'), ['completion', shell])).stdout).toMatch(expected)
})

test('another shell is a wrong call', async () => {
  const failed = run(join(folder, 'flow'), ['completion', 'tcsh'])
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Allowed choices are bash, zsh, fish'),
  })
})
