import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  DRAIN_SECONDS,
  HTTP_PORT,
  NAMES,
  PINNED,
  ROOT,
  read,
  SECRET_NAMES,
  seconds,
  yaml,
} from './recipes.ts'

type Service = {
  readonly image: string
  readonly user?: string
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly privileged?: boolean
  readonly restart: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks: readonly string[]
  readonly stop_grace_period?: string
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

const compose = yaml<{
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean }>
  volumes: Record<string, object>
  secrets: Record<string, { file: string }>
}>('deploy/compose.yaml')
const services = Object.entries(compose.services)
const ONCE = ['migrate', 'rights']
const lasting = services.filter(([name]) => !ONCE.includes(name))

describe.each(services)('%s', (name, service) => {
  test('runs a pinned image, closed as far as it goes', () => {
    expect(service.image).toMatch(PINNED)
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect(service.privileged).toBeUndefined()
    // our image has a user of its own; the others are told
    if (!service.image.startsWith('options-flow-engine:')) {
      expect(service.user).toMatch(/^[1-9]\d*:\d+$/)
    }
  })

  test('publishes on loopback alone', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  test('names what exists: secrets, files, volumes, networks, services', () => {
    for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret)
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':')
      if (!source!.startsWith('.')) expect(compose.volumes).toHaveProperty(source!)
      else expect(existsSync(resolve(ROOT, 'deploy', source!)), volume).toBe(true)
    }
    for (const network of service.networks) expect(compose.networks).toHaveProperty(network)
    for (const other of Object.keys(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(other)
    }
  })

  test('reads a secret from a file that it is given, and never from its environment', () => {
    const environment = service.environment ?? {}
    for (const secret of SECRET_NAMES) expect(environment).not.toHaveProperty(secret)
    const files = JSON.stringify([environment, service.command]).matchAll(/\/run\/secrets\/(\w+)/g)
    for (const [, secret] of files) expect(service.secrets).toContain(secret)
  })

  test('starts again or was to run once, and says how it is', () => {
    expect(service.restart).toBe(ONCE.includes(name) ? 'no' : 'unless-stopped')
    if (ONCE.includes(name)) expect(service.healthcheck).toEqual({ disable: true })
    else if (name !== 'engine') expect(service.healthcheck?.test?.[0]).toBe('CMD')
  })
})

test.each(lasting)('%s has limits and time to stop', (_name, service) => {
  expect(service.mem_limit).toMatch(/^\d+[mg]$/)
  expect(service.pids_limit).toBeGreaterThan(0)
  expect(seconds(service.stop_grace_period!)).toBeGreaterThan(0)
})

describe('the engine', () => {
  const { engine, migrate } = compose.services

  test('has only settings that there are', () => {
    for (const service of [engine!, migrate!]) {
      for (const name of Object.keys(service.environment!)) expect(NAMES).toContain(name)
    }
  })

  test('has longer to stop than its drain may take', () => {
    expect(seconds(engine!.stop_grace_period!)).toBeGreaterThan(DRAIN_SECONDS)
  })

  test('keeps its data where the image does, on the port of the image', () => {
    const data = engine!.environment!.FLOW_DATA_DIR!
    expect(engine!.volumes).toEqual([`flow:${data}`])
    expect(read('Dockerfile')).toContain(`VOLUME ${data}`)
    expect(engine!.environment!.FLOW_HTTP_PORT).toBe(`${HTTP_PORT}`)
    expect(engine!.ports).toEqual([`127.0.0.1:${HTTP_PORT}:${HTTP_PORT}`])
    expect(engine!.healthcheck, 'the one of the image').toBeUndefined()
  })

  test('is of the version of package.json', () => {
    const { version } = JSON.parse(read('package.json'))
    for (const { image } of [engine!, migrate!])
      expect(image).toBe(`options-flow-engine:${version}`)
  })

  test('starts after the rights, they after the migration, it after the database', () => {
    expect(engine!.depends_on).toEqual({ rights: { condition: 'service_completed_successfully' } })
    const { rights } = compose.services
    expect(rights!.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } })
    expect(migrate!.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
  })

  test('does not know the password of the owner', () => {
    expect(engine!.secrets).not.toContain('database_url_owner')
    expect(engine!.secrets).not.toContain('flow_owner_password')
  })
})

test('the database is on a network without a way out, and publishes nothing', () => {
  expect(compose.services.postgres!.networks).toEqual(['database'])
  expect(compose.networks.database).toEqual({ internal: true })
  expect(compose.services.postgres!.ports).toBeUndefined()
})

test('Prometheus reads its configuration and the token where it is told to, and asks the engine', () => {
  type Scrape = {
    readonly job_name: string
    readonly authorization: { readonly credentials_file: string }
    readonly static_configs: readonly { readonly targets: readonly string[] }[]
  }
  const { prometheus } = compose.services
  const config = yaml<{ rule_files: string[]; scrape_configs: Scrape[] }>(
    'grafana/prometheus/prometheus.yml',
  )
  expect(prometheus!.command).toContain('--config.file=/etc/prometheus/prometheus.yml')
  const scrape = config.scrape_configs.find(({ job_name }) => job_name === 'options-flow-engine')!
  expect(scrape.static_configs[0]!.targets).toEqual([`engine:${HTTP_PORT}`])
  expect(scrape.authorization.credentials_file).toBe('/run/secrets/flow_http_token')
  expect(prometheus!.secrets).toEqual(['flow_http_token'])
})

test('Grafana is given what its provisioning asks for, and the folder of the dashboards', () => {
  const { grafana } = compose.services
  const provisioning = ['datasources', 'dashboards'].flatMap((kind) =>
    readdirSync(join(ROOT, 'grafana/provisioning', kind)).map((file) =>
      read(`grafana/provisioning/${kind}/${file}`),
    ),
  )
  const asked = new Set(
    [...provisioning.join('\n').matchAll(/\$\{?(FLOW_\w+)/g)].map(([, name]) => name!),
  )
  const given = Object.keys(grafana!.environment!).filter((name) => name.startsWith('FLOW_'))
  expect([...asked].sort()).toEqual(given.sort())
  const [, folder] = /\bpath: (\S+)/.exec(provisioning.join('\n'))!
  expect(grafana!.volumes).toContain(`../grafana/dashboards:${folder}:ro`)
})

test('the rights are step 3 of docs/security.md, the roles its steps 1 and 2', () => {
  const statements = (text: string): string[] =>
    text
      .replace(/^--.*$/gm, '')
      .split(/;\s*\n/)
      .map((line) => line.trim().replace(/'(\w+)-password'/, ":'$1'"))
      .filter((line) => line !== '')
  const blocks = [...read('docs/security.md').matchAll(/```sql\n(-- \d: [\s\S]*?)```/g)]
  const [roles, database, rights] = blocks.map(([, text]) => statements(text!))
  expect(statements(read('deploy/postgres/rights.sql'))).toEqual(rights)
  const [, script] = /<<'SQL'\n([\s\S]*?)\nSQL\n/.exec(read('deploy/postgres/10-roles.sh'))!
  const made = statements(`${script!.replace('\\connect flow\n', '')}\n`)
  expect(made).toEqual([...roles!, ...database!])
})

describe('make-secrets', () => {
  const run = (folder: string, env: Record<string, string> = {}): void => {
    cpSync(join(ROOT, 'deploy/make-secrets'), join(folder, 'make-secrets'))
    execFileSync(join(folder, 'make-secrets'), {
      env: { PATH: process.env.PATH, ...env },
      stdio: 'pipe',
    })
  }

  test('makes every file that the compose file names, open in a closed folder, and keeps it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flow-secrets-'))
    try {
      run(folder)
      const secrets = join(folder, 'secrets')
      const content = (name: string): string => readFileSync(join(secrets, name), 'utf8')
      const named = Object.values(compose.secrets).map(({ file }) => file.replace('./secrets/', ''))
      expect(readdirSync(secrets).sort()).toEqual(named.sort())
      expect(statSync(secrets).mode & 0o777).toBe(0o700)
      for (const name of named) expect(statSync(join(secrets, name)).mode & 0o777).toBe(0o444)
      const token = content('flow_http_token')
      expect(token).toMatch(/^[0-9a-f]{48}$/)
      expect(content('database_url_engine')).toBe(
        `postgres://flow_engine:${content('flow_engine_password')}@postgres:5432/flow?sslmode=disable`,
      )
      expect(new Set(named.map(content)).size).toBe(named.length)
      run(folder, { MASSIVE_API_KEY: 'a-key' })
      expect(content('massive_api_key')).toBe('a-key')
      run(folder)
      expect(content('massive_api_key')).toBe('a-key')
      expect(content('flow_http_token')).toBe(token)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('writes where git does not look', () => {
    expect(read('.gitignore').split('\n')).toContain('deploy/secrets/')
  })
})
