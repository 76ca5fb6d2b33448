import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { SETTINGS } from '../src/config.ts'
import { configFlags, configTable } from '../src/config-help.ts'
import { nodeProblem } from '../src/node-version.ts'
import { VERSION } from '../src/version.ts'

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

/** Runs `flow` in an empty folder with nothing configured. */
function flow(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'flow-cli-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

describe('flow', () => {
  test('--help names every command', () => {
    const { status, stdout } = flow(['--help'])
    expect(status).toBe(0)
    const listed = [...stdout.matchAll(/^ {2}(\w+)(?: [<[].*?[>\]])* {2,}\S/gm)]
    expect(listed.map(([, name]) => name)).toEqual([
      'run',
      'simulate',
      'record',
      'replay',
      'backfill',
      'explain',
      'context',
      'backtest',
      'optimise',
      'alerts',
      'doctor',
      'migrate',
      'cleanup',
      'completion',
      'help',
    ])
  })

  test('--version is that of the package', () => {
    expect(flow(['--version'])).toMatchObject({ status: 0, stdout: `${VERSION}\n` })
  })

  test.each([
    [
      'an unknown command',
      ['rnu'],
      /^flow: unknown command 'rnu' \(Did you mean run\?\); "flow --help"/,
    ],
    ['an unknown option', ['--nonsense'], /^flow: unknown option '--nonsense'; "flow --help"/],
    ['an unknown option of a command', ['run', '--shrads', '2'], /--shards.*"flow run --help"/],
    ['a file that is missing from the call', ['replay'], /^flow: missing .+"flow replay --help"/],
    [
      'a sequence that is missing from the call',
      ['explain', 'O:SPXW251219C06475000'],
      /^flow: missing required argument 'SEQUENCE'; "flow explain --help"/,
    ],
  ])('%s is exit code 2 and one line', (_, args, line) => {
    const { status, stderr } = flow(args)
    expect(stderr).toMatch(line)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(status).toBe(2)
  })

  test('without a command is exit code 2 and the help', () => {
    const { status, stderr } = flow([])
    expect(status).toBe(2)
    expect(stderr).toContain('Usage: flow')
  })

  test.each([
    ...['run', 'simulate', 'record', 'replay', 'explain', 'migrate', 'cleanup'],
    ...['backtest', 'optimise'],
  ])('%s has --help', (name) => {
    const { status, stdout } = flow([name, '--help'])
    expect(status).toBe(0)
    expect(stdout).toContain(`Usage: flow ${name}`)
  })

  test('run refuses a wrong configuration with a line for each name and exit code 2', () => {
    const env = { FLOW_SHARDS: 'many', DATABASE_URL: 'mysql://u:hunter2@h/d' }
    const { status, stdout, stderr } = flow(['run', '--min-size', '-1'], env)
    const names = stderr
      .trim()
      .split('\n')
      .map((line) => line.split(':')[1]?.trim())
    expect(names).toEqual(['FLOW_MIN_SIZE', 'FLOW_SHARDS', 'DATABASE_URL'])
    expect(stdout + stderr).not.toContain('hunter2')
    expect(status).toBe(2)
  })
})

describe('an old Node.js', () => {
  test('gets one line with both versions', () => {
    expect(nodeProblem('22.19.0', '/usr/bin/node')).toMatch(
      /^flow: expected Node.js 24 or later, came 22.19.0 \(\/usr\/bin\/node\); .+$/,
    )
  })

  test.each(['24.0.0', '100.1.0'])('is not %s', (version) => {
    expect(nodeProblem(version, '/usr/bin/node')).toBeUndefined()
  })
})

describe('configuration flags', () => {
  test('carry what was typed, each under its name', () => {
    const command = new Command('run').option('--other <x>')
    const flags = configFlags(command)
    const typed = Object.values(SETTINGS).flatMap(({ flag, env }) => [flag, `value of ${env}`])
    command.parse(['--other', 'x', ...typed], { from: 'user' })
    const expected = Object.entries(SETTINGS).map(([key, { env }]) => [key, `value of ${env}`])
    expect(flags()).toEqual(Object.fromEntries(expected))
  })

  test('that were not typed are absent, and a command may have a few only', () => {
    const command = new Command('migrate').exitOverride().configureOutput({ writeErr: () => {} })
    const flags = configFlags(command, ['databaseUrl', 'dataDir'])
    command.parse(['--data-dir', 'x'], { from: 'user' })
    expect(flags()).toEqual({ dataDir: 'x' })
    expect(() => command.parse(['--shards', '1'], { from: 'user' })).toThrow('unknown option')
  })

  test('are explained with environment name and default', () => {
    const command = new Command('run')
    configFlags(command)
    const help = command.helpInformation()
    for (const { flag, env } of Object.values(SETTINGS)) {
      expect(help).toContain(`${flag} <`)
      expect(help.replace(/\s+/g, ' ')).toContain(`(${env}, default: `)
    }
  })
})

test('the README table has a row for each name', () => {
  const rows = configTable().split('\n')
  expect(rows).toHaveLength(2 + Object.keys(SETTINGS).length)
  expect(rows).toContain('| `FLOW_RULES` | `--rules` | `opra` | rule set |')
  expect(rows).toContain(
    '| `FLOW_SHARDS` | `--shards` | cores - 2, at least 1 | classifier workers, 1 to 64 |',
  )
})
