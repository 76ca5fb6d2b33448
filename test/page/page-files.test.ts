import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { PAGE_POLICY, pageRoutes } from '../../src/api/page-files.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'flow-page-'))
const servers: HttpServer[] = []
let url: string

async function serve(built: string): Promise<string> {
  const http = await startHttp({
    ...{ host: '127.0.0.1', port: 0, token: 'a-token-of-some-length' },
    ...{ registry: new Registry(), notReady: () => null, stats: () => ({}) },
    routes: [...pageRoutes(built)],
    onError: () => {},
  })
  servers.push(http)
  return http.url
}

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html>page')
  writeFileSync(join(folder, 'assets', 'index-abc.js'), 'code()')
  writeFileSync(join(folder, 'assets', 'index-abc.css'), 'a{}')
  writeFileSync(join(folder, 'assets', 'secret.env'), 'KEY=1')
  url = await serve(folder)
})
afterAll(async () => {
  await Promise.all(servers.map((http) => http.close()))
  rmSync(folder, { recursive: true })
})

describe('the files of the page', () => {
  it('come without the token, which is asked of the API', async () => {
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([200, '<!doctype html>page'])
    expect((await fetch(`${url}/api/stats`)).status).toBe(401)
  })

  it('may run their own code and nothing else, and are not framed or guessed at', async () => {
    const { headers } = await fetch(url)
    expect(headers.get('content-security-policy')).toBe(PAGE_POLICY)
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(PAGE_POLICY).toContain(part)
    }
    expect(PAGE_POLICY).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('are asked for again with their tag, assets never', async () => {
    const first = await fetch(url)
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const tag = first.headers.get('etag')!
    const again = await fetch(url, { headers: { 'If-None-Match': tag }, cache: 'no-store' })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const other = await fetch(url, { headers: { 'If-None-Match': '"x"' }, cache: 'no-store' })
    expect(other.status).toBe(200)
    const asset = await fetch(`${url}/assets/index-abc.js`)
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const style = await fetch(`${url}/assets/index-abc.css`, { method: 'HEAD' })
    expect([style.headers.get('content-length'), await style.text()]).toEqual(['3', ''])
  })

  test.each([
    '/assets/none.js',
    '/assets/secret.env',
    '/assets/..%2findex.html',
    '/assets/..%2f..%2fpackage.json',
    '/assets/',
    '/assets/constructor',
  ])('%s is not among them', async (path) => {
    expect((await fetch(url + path)).status).toBe(404)
  })

  it('may be asked for with GET and HEAD', async () => {
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })

  it('say what to run where they are not built', async () => {
    const response = await fetch(await serve(join(folder, 'nowhere')))
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: 'the page is not built; run `npm run build:page` and start again' },
    ])
  })

  it('are not taken when one is too large', () => {
    const large = join(folder, 'large')
    mkdirSync(large)
    writeFileSync(join(large, 'index.html'), 'x'.repeat(1024 * 1024 + 1))
    expect(() => pageRoutes(large)).toThrow(/expected at most 1048576 bytes in .*index\.html/)
  })
})
