import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { DRAIN_SECONDS, NAMES, ROOT, read, SECRET_NAMES } from './recipes.ts'
import { one, unitOf } from './systemd-unit.ts'

const ANALYZE = '/usr/bin/systemd-analyze'
const FOLDER = 'deploy/systemd'
const UNITS = readdirSync(join(ROOT, FOLDER)).filter((name) => /\.(service|timer)$/.test(name))
const SERVICES = UNITS.filter((name) => name.endsWith('.service'))
/** What stands under /opt/options-flow-engine. */
const INSTALLED = '/opt/options-flow-engine/'

const unit = unitOf(`${FOLDER}/options-flow-engine.service`)
const web = unitOf(`${FOLDER}/options-flow-web.service`)
const worker = unitOf(`${FOLDER}/options-flow-worker.service`)
const timer = unitOf(`${FOLDER}/options-flow-worker.timer`)

/** systemd.exec(5), .service(5), .timer(5), .kill(5) and .resource-control(5) of systemd 252. */
const KEYS = `
  Unit: Description Documentation Wants After StartLimitIntervalSec StartLimitBurst
  Install: WantedBy
  Timer: OnCalendar AccuracySec
  Service: Type User Group DynamicUser WorkingDirectory StateDirectory StateDirectoryMode Environment
  Service: EnvironmentFile LoadCredential ExecStart KillMode KillSignal TimeoutStopSec Restart
  Service: RestartPreventExitStatus RestartSec MemoryMax TasksMax LimitNOFILE LimitCORE
  Service: OOMScoreAdjust UMask NoNewPrivileges CapabilityBoundingSet AmbientCapabilities
  Service: ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectClock
  Service: ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables
  Service: ProtectControlGroups ProtectProc RestrictNamespaces RestrictRealtime RestrictSUIDSGID
  Service: RestrictAddressFamilies LockPersonality RemoveIPC KeyringMode DevicePolicy
  Service: SystemCallArchitectures SystemCallFilter SystemCallErrorNumber TimeoutStartSec
  Service: MemoryDenyWriteExecute`
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [name, keys] = line.trim().split(': ')
    return keys!.split(' ').map((key) => `${name}.${key}`)
  })

test.each(UNITS)('%s has only keys that systemd 252 knows', (name) => {
  const keys = [...unitOf(`${FOLDER}/${name}`).keys()]
  expect(keys.filter((key) => !KEYS.includes(key))).toEqual([])
})

// Debian's; where it is not, the list above is what there is
describe.skipIf(!existsSync(ANALYZE))('systemd-analyze', () => {
  test.each(UNITS)('finds nothing wrong in %s', (name) => {
    // it warns of a key that it does not know and still ends with 0
    const args = ['verify', join(ROOT, FOLDER, name)]
    const { stderr } = spawnSync(ANALYZE, args, { encoding: 'utf8' })
    const complaints = stderr
      .split('\n')
      .filter((line) => line.includes('options-flow'))
      // not on every machine
      .filter((line) => !/\/usr\/bin\/(node|caddy) is not executable/.test(line))
    expect(complaints).toEqual([])
  })

  test.each(SERVICES)('finds little of %s exposed', (name) => {
    const args = ['security', '--offline=true', '--threshold=20', join(ROOT, FOLDER, name)]
    expect(execFileSync(ANALYZE, args, { encoding: 'utf8' })).toContain('Overall exposure level')
  })

  test('reads the times of the timer', () => {
    for (const times of timer.get('Timer.OnCalendar')!) {
      const said = execFileSync(ANALYZE, ['calendar', times], { encoding: 'utf8' })
      expect(said).toContain('America/New_York')
    }
  })
})

test('starts a program of the package', () => {
  const [node, cli, command] = one(unit, 'Service.ExecStart').split(' ')
  expect(node).toBe('/usr/bin/node')
  const { bin } = JSON.parse(read('package.json'))
  expect(cli).toBe(`/opt/options-flow-engine/${bin.flow}`)
  expect(command).toBe('run')
})

test('drains before systemd would end it, and stays down when the configuration is wrong', () => {
  expect(Number(one(unit, 'Service.TimeoutStopSec'))).toBeGreaterThan(DRAIN_SECONDS)
  expect(one(unit, 'Service.KillSignal')).toBe('SIGTERM')
  expect(one(unit, 'Service.KillMode')).toBe('mixed')
  expect(one(unit, 'Service.Restart')).toBe('on-failure')
  expect(one(unit, 'Service.RestartPreventExitStatus')).toBe('2')
})

test.each(SERVICES)('%s is neither root nor may it become so', (name) => {
  const service = unitOf(`${FOLDER}/${name}`)
  const isDynamic = service.get('Service.DynamicUser')?.[0] === 'yes'
  if (!isDynamic) expect(one(service, 'Service.User')).not.toBe('root')
  expect(one(service, 'Service.NoNewPrivileges')).toBe('yes')
  expect(['', 'CAP_NET_BIND_SERVICE']).toContain(one(service, 'Service.CapabilityBoundingSet'))
  expect(one(service, 'Service.ProtectSystem')).toBe('strict')
  expect(one(service, 'Service.MemoryMax')).toMatch(/^\d+[MG]$/)
})

describe('the way in from outside', () => {
  const caddyfile = read(`${FOLDER}/Caddyfile`)

  test('leads to the engine, and nowhere else', () => {
    const config = one(web, 'Service.ExecStart').split(' --config ')[1]!
    expect(config).toBe(`${INSTALLED}${FOLDER}/Caddyfile`)
    const { FLOW_HTTP_HOST, FLOW_HTTP_PORT } = parseEnv(read(`${FOLDER}/engine.env`))
    const to = caddyfile.match(/^\s*reverse_proxy .*$/gm)!.map((line) => line.trim())
    expect(to).toEqual([`reverse_proxy ${FLOW_HTTP_HOST}:${FLOW_HTTP_PORT}`])
  })

  test('has the name that web.env gives it', () => {
    const [name] = Object.keys(parseEnv(read(`${FOLDER}/web.env`)))
    expect(caddyfile).toContain(`{$${name}}`)
    expect(one(web, 'Service.EnvironmentFile')).toBe('/etc/options-flow-engine/web.env')
  })

  test('stands behind a token', () => {
    expect(unit.get('Service.Environment')!.join(' ')).toContain('FLOW_HTTP_TOKEN_FILE=')
  })
})

describe('the scanner', () => {
  test('is a program that there is, with a database and no other secret', () => {
    const [node, program] = one(worker, 'Service.ExecStart').split(' ')
    expect(node).toBe('/usr/bin/node')
    expect(`${one(worker, 'Service.WorkingDirectory')}/`).toBe(INSTALLED)
    expect(existsSync(join(ROOT, program!))).toBe(true)
    expect(worker.get('Service.LoadCredential')).toHaveLength(1)
    expect(worker.get('Service.Environment')!.join(' ')).toContain('DATABASE_URL_FILE=%d/')
  })

  test('is over before it begins again', () => {
    expect(one(worker, 'Service.Type')).toBe('oneshot')
    expect(Number(one(worker, 'Service.TimeoutStartSec'))).toBeLessThan(300)
  })
})

test('keeps its data in the folder that it may write', () => {
  const state = `/var/lib/${one(unit, 'Service.StateDirectory')}`
  expect(one(unit, 'Service.WorkingDirectory')).toBe(state)
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
