import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/api/database.ts'
import { loadConfig } from '../../src/config.ts'
import { connect } from '../../src/writer/connection.ts'
import { reasonOf } from '../../src/writer/store-error.ts'
import { flow } from '../e2e/flow-process.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'

const TLS = join(import.meta.dirname, '../fixtures/tls')
const CA = join(TLS, 'ca.pem')
const OTHER_CA = join(TLS, 'other-ca.pem')

let postgres: TestPostgres
/** A port whose server has no TLS: the same PostgreSQL before it was told of a certificate. */
let plainUrl: string

beforeAll(async () => {
  postgres = await startTestPostgres()
  plainUrl = await postgres.freshDatabase()
  await expect(open(plainUrl, 'localhost', 'sslmode=require')).rejects.toThrow('not support SSL')
  const [row] = await query<{ folder: string }>(
    postgres.adminUrl,
    "SELECT current_setting('data_directory') AS folder",
  )
  const { uid, gid } = statSync(row!.folder)
  for (const name of ['server.pem', 'server.key']) {
    const path = join(row!.folder, name)
    copyFileSync(join(TLS, name), path)
    chownSync(path, uid, gid)
    chmodSync(path, 0o600) // a clone does not keep it, and PostgreSQL insists
  }
  await withClient(postgres.adminUrl, async (client) => {
    await client.query("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
    await client.query("ALTER SYSTEM SET ssl_key_file = 'server.key'")
    await client.query('ALTER SYSTEM SET ssl = on')
    await client.query('SELECT pg_reload_conf()')
  })
  // a connection made before the reload has arrived is answered without TLS
  while ((await sslOf(postgres.adminUrl)) === 'off') await new Promise(setImmediate)
})
afterAll(() => postgres.stop())

async function sslOf(url: string): Promise<string> {
  return (await query<{ ssl: string }>(url, "SELECT current_setting('ssl') AS ssl"))[0]!.ssl
}

/** DATABASE_URL as the engine has it after reading its configuration. */
function configured(url: string, host: string, options: string): string {
  const changed = new URL(url)
  changed.hostname = host
  changed.search = options
  const env = { DATABASE_URL: changed.href }
  const config = loadConfig({ env, directory: tmpdir(), flags: {}, isTerminal: false }).config
  return config.databaseUrl!
}

/** Connects as the writer does and tells whether the connection is encrypted. */
async function open(url: string, host: string, options: string): Promise<boolean> {
  const { client } = await connect(configured(url, host, options), 'flow-test')
  try {
    const text = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    return (await client.query<{ ssl: boolean }>(text)).rows[0]!.ssl
  } finally {
    await client.end()
  }
}

describe('a server whose certificate names localhost, signed by an authority of our own', () => {
  test.each([
    ['localhost', 'sslmode=disable', false],
    ['localhost', 'sslmode=require', true],
    ['127.0.0.1', 'sslmode=require', true],
    ['localhost', `sslmode=require&sslrootcert=${CA}`, true],
    ['localhost', `sslmode=verify-ca&sslrootcert=${CA}`, true],
    ['127.0.0.1', `sslmode=verify-ca&sslrootcert=${CA}`, true],
    ['localhost', `sslmode=verify-full&sslrootcert=${CA}`, true],
  ])('is taken at %s with %.20s, encrypted: %s', async (host, options, isEncrypted) => {
    expect(await open(postgres.adminUrl, host, options)).toBe(isEncrypted)
  })

  test.each([
    ['of unknown authority', 'localhost', 'sslmode=verify-full'],
    ['of another authority', 'localhost', `sslmode=verify-full&sslrootcert=${OTHER_CA}`],
    ['of another authority', 'localhost', `sslmode=verify-ca&sslrootcert=${OTHER_CA}`],
    ['of another authority', 'localhost', `sslmode=require&sslrootcert=${OTHER_CA}`],
    ['of another host', '127.0.0.1', `sslmode=verify-full&sslrootcert=${CA}`],
  ])('is refused as one %s: %s, %.20s', async (_, host, options) => {
    const error = await open(postgres.adminUrl, host, options).then(
      () => undefined,
      (refusal: Error) => refusal,
    )
    expect(error?.message).toMatch(/certificate|altnames/)
    expect(reasonOf(error)).toBe('tls') // a start gives up on it in place of trying for ever
    const api = openDatabase(configured(postgres.adminUrl, host, options))
    await expect(api.query('SELECT 1', [])).rejects.toThrow(/certificate|altnames/)
    await api.close()
  })
})

test('a command tells of it and ends, without the password', async () => {
  const url = configured(postgres.adminUrl, 'localhost', `sslmode=verify-full`)
  const run = await flow(['migrate'], { DATABASE_URL: url })
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/^flow: .*certificate.*\n$/)
  expect(run.said).not.toContain(new URL(url).password)
})

test('a server in the middle that says it has no TLS gets neither password nor query', async () => {
  const heard: Buffer[] = []
  const server: Server = createServer((socket) => {
    socket.on('data', (chunk) => {
      heard.push(chunk)
      socket.write('N') // "no TLS here": a client that gives in would go on in the clear
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const url = `postgres://someone:hunter2@localhost:${port}/x`
  for (const options of ['sslmode=require', 'sslmode=verify-full']) {
    await expect(open(url, 'localhost', options)).rejects.toThrow('does not support SSL')
  }
  // two requests for TLS (eight bytes each), and not a byte more
  expect(Buffer.concat(heard)).toHaveLength(16)
  server.close()
})
