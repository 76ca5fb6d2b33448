import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { licenceList, lockedPackages } from './licence-list.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>

describe('dependencies', () => {
  test('are named by exact version', () => {
    const named = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides }
    for (const [name, version] of Object.entries(named)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/)
    }
  })

  test('are locked by the hash of what they hold, all of them from the registry', () => {
    for (const { name, integrity, resolved } of lockedPackages()) {
      expect(integrity, name).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
      expect(resolved ?? 'https://registry.npmjs.org/', name).toMatch(
        /^https:\/\/registry\.npmjs\.org\//,
      )
    }
  })

  test('are listed with their licences in docs/licences.md', () => {
    expect(read('docs/licences.md'), 'run: node test/security/licence-list.ts').toBe(licenceList())
  })

  test('that go with the program have a licence that asks for no more than its notice', () => {
    const licences = new Set(
      lockedPackages()
        .filter(({ dev }) => dev !== true)
        .map(({ license }) => license),
    )
    expect([...licences].sort()).toEqual(['Apache-2.0', 'BSD-2-Clause', 'ISC', 'MIT'])
  })
})

/** Instructions of the Dockerfile, continued lines joined. */
const INSTRUCTIONS = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
const of = (name: string): string[] =>
  INSTRUCTIONS.filter((line) => line.startsWith(`${name} `)).map((l) => l.slice(name.length + 1))
const last = INSTRUCTIONS.slice(INSTRUCTIONS.findLastIndex((line) => line.startsWith('FROM ')))

describe('the Dockerfile', () => {
  test('has one base, pinned to the exact Node.js that the tests run on', () => {
    const version = manifest.devDependencies!.node!
    expect(of('ARG')).toEqual([expect.stringMatching(`^NODE_IMAGE=node:${version}-[a-z]+-slim`)])
    expect(of('FROM').map((line) => line.split(' ')[0])).toEqual(
      Array(3).fill('${' + 'NODE_IMAGE}'),
    )
  })

  test('installs what is locked, runs no script of a package and fetches nothing else', () => {
    const commands = of('RUN')
    const installs = commands.filter((line) => /\bnpm (?:ci|i|install|exec)\b/.test(line))
    for (const line of installs) expect(line).toMatch(/^npm ci .*--ignore-scripts$/)
    expect(installs).toHaveLength(2)
    expect(commands.join()).not.toMatch(/curl|wget|apt|npx [a-z]/)
    expect(of('ADD')).toEqual([])
  })

  test('ends as a user other than root who owns nothing but the data', () => {
    const users = last.filter((line) => line.startsWith('USER '))
    expect(users).toEqual(['USER 1000:1000'])
    const after = last.slice(last.indexOf(users[0]!))
    expect(after.filter((line) => /^(?:RUN|COPY) /.test(line))).toEqual([])
    expect(last.filter((line) => line.includes('chown'))).toEqual([])
    expect(last).toContain('VOLUME /var/lib/flow')
    expect(of('ENV').join()).toContain('FLOW_DATA_DIR=/var/lib/flow')
  })

  test('holds no secret and opens nothing: the host and the token are for who runs it', () => {
    const settings = [...of('ENV'), ...of('ARG')].join(' ')
    expect(settings).not.toMatch(/KEY|TOKEN|PASSWORD|DATABASE_URL|FLOW_HTTP_HOST/)
  })

  test('copies what it names and what the build context lets in', () => {
    const context = read('.dockerignore').trim().split('\n')
    expect(context[0]).toBe('**')
    const copied = of('COPY')
      .filter((line) => !line.startsWith('--from='))
      .flatMap((line) => line.split(' ').slice(0, -1))
    for (const path of copied) {
      expect(context, path).toContain(`!${path}`)
      expect(existsSync(join(ROOT, path)), path).toBe(true)
    }
    expect(context.slice(1).sort()).toEqual([...new Set(copied)].map((path) => `!${path}`).sort())
  })

  test('starts node itself, so that signals reach it', () => {
    const program = JSON.parse(of('ENTRYPOINT')[0]!) as string[]
    expect(program).toEqual(['node', 'dist/cli.js'])
    expect(manifest.bin!.flow).toBe(program[1])
  })

  test('has a health check that tells a healthy engine from one that is ill or away', async () => {
    const [program, ...args] = JSON.parse(of('HEALTHCHECK')[0]!.split('CMD ')[1]!) as string[]
    expect(program).toBe('node')
    let status = 200
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const env = { PATH: process.env.PATH, FLOW_HTTP_PORT: `${port}` }
    const check = () =>
      new Promise((resolve) => {
        execFile(process.execPath, args, { env }, (error) => resolve(error?.code ?? 0))
      })
    expect(await check()).toBe(0)
    status = 503
    expect(await check()).toBe(1)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    expect(await check()).toBe(1)
  })
})
