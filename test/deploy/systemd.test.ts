import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { DRAIN_SECONDS, NAMES, ROOT, read, SECRET_NAMES } from './recipes.ts'

const PATH = 'deploy/systemd/options-flow-engine.service'
const ANALYZE = '/usr/bin/systemd-analyze'

/** Keys by section, each with its values in order; systemd has no continued lines here. */
const unit = new Map<string, string[]>()
let section = ''
for (const line of read(PATH).split('\n')) {
  if (line === '' || line.startsWith('#')) continue
  const [, opened] = /^\[(\w+)\]$/.exec(line) ?? []
  if (opened !== undefined) {
    section = opened
    continue
  }
  const at = line.indexOf('=')
  const key = `${section}.${line.slice(0, at)}`
  unit.set(key, [...(unit.get(key) ?? []), line.slice(at + 1)])
}
const one = (key: string): string => {
  const values = unit.get(`Service.${key}`) ?? []
  if (values.length !== 1) throw new Error(`${key}: expected one value, came ${values.length}`)
  return values[0]!
}

/** systemd.exec(5), systemd.service(5), systemd.kill(5), systemd.resource-control(5), systemd 252. */
const KEYS = `
  Unit: Description Documentation Wants After StartLimitIntervalSec StartLimitBurst
  Install: WantedBy
  Service: Type User Group WorkingDirectory StateDirectory StateDirectoryMode Environment
  Service: EnvironmentFile LoadCredential ExecStart KillMode KillSignal TimeoutStopSec Restart
  Service: RestartPreventExitStatus RestartSec MemoryMax TasksMax LimitNOFILE LimitCORE
  Service: OOMScoreAdjust UMask NoNewPrivileges CapabilityBoundingSet AmbientCapabilities
  Service: ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectClock
  Service: ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables
  Service: ProtectControlGroups ProtectProc RestrictNamespaces RestrictRealtime RestrictSUIDSGID
  Service: RestrictAddressFamilies LockPersonality RemoveIPC KeyringMode DevicePolicy
  Service: SystemCallArchitectures SystemCallFilter SystemCallErrorNumber`
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [name, keys] = line.trim().split(': ')
    return keys!.split(' ').map((key) => `${name}.${key}`)
  })

test('has only keys that systemd 252 knows', () => {
  expect([...unit.keys()].filter((key) => !KEYS.includes(key))).toEqual([])
})

// Debian's; where it is not, the list above is what there is
test.skipIf(!existsSync(ANALYZE))('systemd-analyze finds nothing wrong, and little exposed', () => {
  // it warns of a key that it does not know and still ends with 0
  const { stderr, status } = spawnSync(ANALYZE, ['verify', join(ROOT, PATH)], { encoding: 'utf8' })
  const complaints = stderr
    .split('\n')
    .filter((line) => line.includes('options-flow-engine'))
    .filter((line) => !line.includes('/usr/bin/node is not executable')) // not on every machine
  expect(complaints).toEqual([])
  expect(status === 0 || stderr.includes('/usr/bin/node')).toBe(true)
  const args = ['security', '--offline=true', '--threshold=20', join(ROOT, PATH)]
  expect(execFileSync(ANALYZE, args, { encoding: 'utf8' })).toContain('Overall exposure level')
})

test('starts a program of the package', () => {
  const [node, cli, command] = one('ExecStart').split(' ')
  expect(node).toBe('/usr/bin/node')
  const { bin } = JSON.parse(read('package.json'))
  expect(cli).toBe(`/opt/options-flow-engine/${bin.flow}`)
  expect(command).toBe('run')
})

test('drains before systemd would end it, and stays down when the configuration is wrong', () => {
  expect(Number(one('TimeoutStopSec'))).toBeGreaterThan(DRAIN_SECONDS)
  expect(one('KillSignal')).toBe('SIGTERM')
  expect(one('KillMode')).toBe('mixed')
  expect(one('Restart')).toBe('on-failure')
  expect(one('RestartPreventExitStatus')).toBe('2')
})

test('is neither root nor may it become so', () => {
  expect(one('User')).not.toBe('root')
  expect(one('NoNewPrivileges')).toBe('yes')
  expect(one('CapabilityBoundingSet')).toBe('')
  expect(one('ProtectSystem')).toBe('strict')
})

test('keeps its data in the folder that it may write', () => {
  const state = `/var/lib/${one('StateDirectory')}`
  expect(one('WorkingDirectory')).toBe(state)
  expect(unit.get('Service.Environment')!.join(' ')).toContain(`FLOW_DATA_DIR=${state}`)
})

test('names settings that there are, and secrets by files that are loaded', () => {
  const set = unit
    .get('Service.Environment')!
    .flatMap((line) => line.split(' '))
    .map((pair) => pair.split('=') as [string, string])
  for (const [name] of set) if (name !== 'NODE_ENV') expect(NAMES).toContain(name)
  const loaded = unit.get('Service.LoadCredential')!.map((line) => line.split(':')[0]!)
  const files = set.filter(([name]) => name.endsWith('_FILE'))
  expect(files.map(([, path]) => path)).toEqual(loaded.map((name) => `%d/${name}`))
})

test('the sample of settings is one that the engine takes, without a secret', () => {
  const env = parseEnv(read('deploy/systemd/engine.env')) as Record<string, string>
  expect(Object.keys(env).length).toBeGreaterThan(3)
  for (const name of Object.keys(env)) expect(NAMES).toContain(name)
  for (const name of SECRET_NAMES) expect(env).not.toHaveProperty(name)
  const { warnings } = loadConfig({ env, directory: '/nonexistent', flags: {}, isTerminal: false })
  expect(warnings).toEqual([])
})
