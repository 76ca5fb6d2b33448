import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { flow, killLeftovers } from '../e2e/flow-process.ts'
import { startArchive } from '../fill/archive-server.ts'
import { fail, type S3Server, startS3 } from '../fill/s3-server.ts'
import { flatFileOf, inArchiveOrder, linesOf, tapesOf, VIX } from '../fill/vix-tape.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'

const ACCESS = 'F1LESACCESSK3YMUSTNOT'
const SECRET = 'f1les-s3cret/k3y+must=not'
const API_KEY = 'massive-k3y/must+not'
const SECRETS = [ACCESS, SECRET, API_KEY].flatMap((key) => [key, encodeURIComponent(key)])
const DATE = '2016-06-01'
const PATH = `/flatfiles/us_options_opra/trades_v1/2016/06/${DATE}.csv.gz`
const FILE = gzipSync(flatFileOf(tapesOf(inArchiveOrder(linesOf(VIX)))))

let postgres: TestPostgres
let s3: S3Server
const folder = mkdtempSync(join(tmpdir(), 'flow-backfill-keys-'))
beforeAll(async () => {
  postgres = await startTestPostgres()
  s3 = await startS3({ accessKey: ACCESS, secretKey: SECRET, objects: new Map([[PATH, FILE]]) })
}, 120_000)
afterEach(killLeftovers)
afterAll(async () => {
  await s3.close()
  await postgres.stop()
  rmSync(folder, { recursive: true })
})

/** Names and content of every file below the folder. */
function everyFile(): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name}\n${readFileSync(join(parentPath, name), 'latin1')}`)
    .join('\n')
}

function expectNoSecret(text: string): void {
  for (const secret of SECRETS) expect(text.includes(secret), secret).toBe(false)
  expect(text).not.toMatch(/Signature=[0-9a-f]/)
}

test('no key is in anything that flow backfill says or keeps', async () => {
  const archive = await startArchive([], (_, response) => {
    response.writeHead(403).end(`{"error":"${API_KEY} may not"}`)
    return true
  })
  const url = await postgres.freshDatabase()
  mkdirSync(join(folder, 'tmp'))
  const backfill = (...words: string[]) => {
    const settings = {
      ...{ DATABASE_URL: url, FLOW_SYMBOLS: 'VIX', FLOW_LOOKUP_PREMIUM: '1' },
      ...{ FLOW_REST_URL: archive.url, MASSIVE_API_KEY: API_KEY, FLOW_FLATFILES_URL: s3.url },
      ...{ FLOW_FLATFILES_ACCESS_KEY: ACCESS, FLOW_FLATFILES_SECRET_KEY: SECRET },
      ...{ FLOW_DATA_DIR: join(folder, 'data'), TMPDIR: join(folder, 'tmp'), FLOW_LOG: 'json' },
    }
    return flow(['backfill', '--date', DATE, ...words], settings)
  }
  try {
    // breaks off in the middle, is tried again, and is then refused, each time with the keys
    s3.cutAfter = Math.floor(FILE.length / 2)
    s3.troubles.push(
      () => false,
      (response, { headers }) => {
        fail(response, 500, 'InternalError', `${ACCESS} ${SECRET} ${headers.authorization}`)
        return true
      },
      (response, { headers }) => {
        fail(response, 403, 'AccessDenied', `${ACCESS} ${SECRET} ${headers.authorization}`)
        return true
      },
    )
    const refused = await backfill()
    expect([refused.code, s3.requests.length]).toEqual([1, 3])
    expect(refused.stderr).toMatch(/InternalError: \[key\] \[key\]/)
    expect(refused.stderr).toMatch(/AccessDenied: \[key\] \[key\]/)
    const part = join(folder, 'data', 'flatfiles', `${DATE}.csv.gz.part`)
    expect([existsSync(part), existsSync(`${part}.etag`)]).toEqual([true, true])
    expectNoSecret(`${refused.stdout}${refused.stderr}${everyFile()}`)

    s3.cutAfter = Number.POSITIVE_INFINITY
    const done = await backfill('--json')
    expect([done.code, JSON.parse(done.stdout).isWhole]).toEqual([0, true])
    expect(done.stderr).toContain('without a quote to the end') // the other key was refused
    const again = await backfill()
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('filled: 0')])
    for (const { stdout, stderr } of [done, again]) expectNoSecret(`${stdout}${stderr}`)
    expectNoSecret(everyFile())
  } finally {
    await archive.close()
  }
}, 120_000)
