import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { environment } from './e2e/flow-process.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'flow-calls-'))
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

function flow(words: readonly string[]) {
  const child = spawn(process.execPath, [CLI, ...words], { cwd, env: environment({}) })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...said }))
  })
}

/** Each with the words of one line; nothing is started. */
const CALLS: readonly (readonly [call: string, said: RegExp])[] = [
  ['nonsense', /unknown command 'nonsense'/],
  ['bakctest', /unknown command 'bakctest' \(Did you mean backtest\?\)/],
  ['run --rulez opra', /unknown option '--rulez' \(Did you mean --rules\?\)/],
  ['run --shards many', /FLOW_SHARDS: expected a whole number from 1 to 64 .*came "many"/],
  ['run extra', /too many arguments for 'run'/],
  ['simulate --rate -1', /--rate: expected a whole number from 1 to 1000000, came "-1"/],
  ['simulate --fault foo', /--fault foo: no such fault, expected one of drop@10s/],
  ['simulate --port 99999', /--port: expected a whole number from 0 to 65535, came "99999"/],
  ['simulate --speed 3', /--speed: expected 1, 10 or max, came "3"/],
  ['simulate --clusters bonds', /--clusters: expected some of .*came "bonds"/],
  ['simulate --symbols S-X', /--symbols: expected underlyings such as SPX,SPY, came "S-X"/],
  ['record --nope', /unknown option '--nope'/],
  ['replay', /missing required argument 'FILE'/],
  ['replay /nonexistent', /\/nonexistent: there is no such file/],
  ['replay x --speed 5', /'--speed <speed>' argument '5' is invalid\. Allowed choices are 1, 10/],
  ['backfill', /required option '--date <date>' not specified/],
  ['backfill --date 2026-13-01', /--date: expected a New York date such as 2026-11-20, came/],
  ['explain O:SPY', /missing required argument 'SEQUENCE'/],
  ['explain foo 1', /contract: expected a ticker such as O:SPXW251219C06475000 .*came foo/],
  ['context', /missing required argument 'SYMBOL'/],
  ['context SPX SPY', /too many arguments for 'context'/],
  ['context SPX --window 4h', /argument '4h' is invalid\. Allowed choices are short, medium, long/],
  ['backtest', /expected --signals FILE: a CSV with detector,symbol/],
  ['backtest --signals /nope', /--signals: ENOENT: no such file or directory/],
  ['backtest --signals x --filter y', /argument 'y' is invalid\. Allowed choices are opposed/],
  ['backtest --signals x --seed -1', /'-1' is invalid\. expected a whole number from 0/],
  ['optimise --signals x --min-score 200', /'200' is invalid\. expected a number from 0 to 100/],
  ['alerts tst', /unknown command 'tst' \(Did you mean test\?\)/],
  ['alerts check', /FLOW_ALERTS_FILE: expected the path of a rules file, came none/],
  ['doctor --jso', /unknown option '--jso' \(Did you mean --json\?\)/],
  ['migrate --x', /unknown option '--x'/],
  ['cleanup extra', /too many arguments for 'cleanup'/],
  ['completion tcsh', /'tcsh' is invalid .*Allowed choices are bash, zsh, fish/],
]

describe('a wrong call is told in one line, and ends with exit code 2', () => {
  it.concurrent.each(CALLS)('flow %s', async (call, said) => {
    const { code, stdout, stderr } = await flow(call.split(' '))
    expect(stderr).toMatch(said)
    expect(stderr).toMatch(/^flow: .*\n$/)
    expect([code, stdout]).toEqual([2, ''])
  })
})
