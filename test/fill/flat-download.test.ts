import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DownloadOptions, downloadFlatFile } from '../../src/fill/flat-download.ts'
import { Random } from '../../src/simulator/random.ts'
import { fail, refusedBecause, type S3Server, startS3 } from './s3-server.ts'

const ACCESS = 'F1LESACCESSK3YMUSTNOT'
const SECRET = 'f1les-s3cret/k3y+must=not'
const DATE = '2026-11-20'
const PATH = `/flatfiles/us_options_opra/trades_v1/2026/11/${DATE}.csv.gz`

/** A gzip file of about this many bytes, seeded. */
function fileOf(bytes: number, seed = 1): Buffer {
  const random = new Random(seed)
  return gzipSync(Buffer.from(Array.from({ length: bytes }, () => random.int(0, 255))))
}
const FILE = fileOf(300_000)

let dir = ''
let s3: S3Server
const objects = new Map<string, Buffer>()
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flow-s3-'))
  objects.clear()
  objects.set(PATH, FILE)
  s3 = await startS3({ accessKey: ACCESS, secretKey: SECRET, objects })
})
afterEach(async () => {
  await s3.close()
  await rm(dir, { recursive: true, force: true })
})

type Progress = [done: number, total: number]

/** A download with what it has told. */
function begin(more: Partial<DownloadOptions> = {}) {
  const progress: Progress[] = []
  const retries: string[] = []
  const path = downloadFlatFile({
    url: s3.url,
    bucket: 'flatfiles',
    accessKey: ACCESS,
    secretKey: SECRET,
    date: DATE,
    dir: join(dir, 'files'),
    signal: new AbortController().signal,
    retryMinMs: 1,
    onProgress: (done, total) => progress.push([done, total]),
    onRetry: (problem) => retries.push(problem),
    ...more,
  })
  path.catch(() => {})
  return { path, progress, retries }
}

const folder = (): string[] => readdirSync(join(dir, 'files')).sort()
const ranges = (): (string | undefined)[] => s3.requests.map(({ range }) => range)

test('the server checks signatures as the published example has them', () => {
  // "Example: GET Object" of the Amazon S3 API reference, with its keys and its Range
  const request = {
    method: 'GET',
    url: '/test.txt',
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
  }
  const keys = {
    accessKey: 'AKIAIOSFODNN7EXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const then = Date.UTC(2013, 4, 24)
  expect(refusedBecause(request, keys, then)).toBe(null)
  expect(refusedBecause(request, { ...keys, secretKey: 'x' }, then)).toContain('signed with x')
  expect(refusedBecause({ ...request, url: '/other' }, keys, then)).toContain('signed with')
  expect(refusedBecause(request, keys, Date.now())).toContain('is not now')
})

test('downloads the file of the day, signed, as the server keeps it', async () => {
  const { path, progress, retries } = begin()
  expect(await path).toBe(join(dir, 'files', `${DATE}.csv.gz`))
  expect(readFileSync(await path).equals(FILE)).toBe(true)
  expect(gunzipSync(readFileSync(await path)).length).toBe(300_000)
  expect(s3.requests).toEqual([{ path: PATH, range: undefined, refused: null }])
  expect(folder()).toEqual([`${DATE}.csv.gz`])
  expect(progress.at(-1)).toEqual([FILE.length, FILE.length])
  expect(progress.map(([done]) => done)).toEqual(
    progress.map(([done]) => done).toSorted((a, b) => a - b),
  )
  expect(retries).toEqual([])
  expect(statSync(await path).mode & 0o077).toBe(0)
})

test('one that is there already is not asked for', async () => {
  await begin().path
  await begin().path
  expect(s3.requests).toHaveLength(1)
})

describe('a connection that is cut', () => {
  test('in the middle, again and again: each try goes on where the one before ended', async () => {
    s3.cutAfter = 100_000
    const { path, progress, retries } = begin()
    expect(readFileSync(await path).equals(FILE)).toBe(true)
    const begun = ranges().map((range) => Number(/\d+/.exec(range ?? '0')![0]))
    expect(begun[0]).toBe(0)
    expect(begun.length).toBeGreaterThan(3)
    expect(begun).toEqual([...new Set(begun)].sort((a, b) => a - b))
    expect(retries.length).toBe(begun.length - 1)
    expect(retries[0]).toMatch(/^the flat file: no answer \(.+\)$/)
    expect(progress.at(-1)).toEqual([FILE.length, FILE.length])
  })

  test('for good: it gives up, keeps what it has, and a later call goes on from there', async () => {
    s3.cutAfter = 50_000
    const stopped = new AbortController()
    const first = begin({
      signal: stopped.signal,
      onProgress: (done) => done >= 150_000 && stopped.abort(),
    })
    await expect(first.path).rejects.toThrow(/abort/i)
    const held = statSync(join(dir, 'files', `${DATE}.csv.gz.part`)).size
    expect(held).toBeGreaterThanOrEqual(150_000)
    s3.cutAfter = 0
    await expect(begin().path).rejects.toThrow(
      new RegExp(`no answer .*; gave up after 6 tries, run it again to go on from ${held} bytes`),
    )
    s3.cutAfter = Number.POSITIVE_INFINITY
    s3.requests.length = 0
    expect(readFileSync(await begin().path).equals(FILE)).toBe(true)
    expect(ranges()).toEqual([`bytes=${held}-`])
    expect(folder()).toEqual([`${DATE}.csv.gz`])
  })

  test('a server without ranges sends all of it again', async () => {
    s3.cutAfter = 100_000
    s3.hasRanges = false
    s3.troubles.push(
      () => false,
      () => {
        s3.cutAfter = Number.POSITIVE_INFINITY
        return false
      },
    )
    expect(readFileSync(await begin().path).equals(FILE)).toBe(true)
    expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)])
  })

  test('a server that sends nothing for a while is tried again', async () => {
    s3.troubles.push(() => true) // and never an answer
    s3.troubles.push((response) => {
      response.writeHead(200, { 'content-length': FILE.length, etag: '"x"' })
      response.write(FILE.subarray(0, 1000))
      return true // and never the rest
    })
    const { path, retries } = begin({ stallMs: 200 })
    expect(readFileSync(await path).equals(FILE)).toBe(true)
    expect(retries).toHaveLength(2)
    for (const retry of retries) expect(retry).toContain('no byte for 0.2 s')
  })
})

describe('what is on disk is of another file', () => {
  const partPath = () => join(dir, 'files', `${DATE}.csv.gz.part`)
  async function half(): Promise<void> {
    s3.cutAfter = 100_000
    const stop = new AbortController()
    await begin({ signal: stop.signal, onRetry: () => stop.abort() }).path.catch(() => {})
    expect(existsSync(partPath())).toBe(true)
    s3.cutAfter = Number.POSITIVE_INFINITY
  }

  test('the vendor has a newer one: it begins anew, nothing is mixed', async () => {
    await half()
    const newer = fileOf(200_000, 2)
    objects.set(PATH, newer)
    expect(readFileSync(await begin().path).equals(newer)).toBe(true)
  })

  test('bytes that nobody knows the version of are not gone on from', async () => {
    await half()
    await rm(`${partPath()}.etag`)
    s3.requests.length = 0
    expect(readFileSync(await begin().path).equals(FILE)).toBe(true)
    expect(ranges()).toEqual([undefined])
  })

  test('more than there is: it begins anew', async () => {
    await half()
    writeFileSync(partPath(), Buffer.alloc(FILE.length + 1))
    expect(readFileSync(await begin().path).equals(FILE)).toBe(true)
  })

  test('all of it: it is taken as it is', async () => {
    await half()
    writeFileSync(partPath(), FILE)
    expect(readFileSync(await begin().path).equals(FILE)).toBe(true)
    expect(ranges().at(-1)).toBe(`bytes=${FILE.length}-`)
    expect(folder()).toEqual([`${DATE}.csv.gz`])
  })
})

describe('a refusal', () => {
  const message = (more: Partial<DownloadOptions> = {}): Promise<string> =>
    begin(more).path.then(
      () => 'none',
      (error: Error) => error.message,
    )

  test('of the keys says which to check, and shows neither', async () => {
    for (const wrong of [{ accessKey: 'wr0ng-access' }, { secretKey: 'wr0ng-secret' }]) {
      s3.requests.length = 0
      const words = await message(wrong)
      expect(words).toContain(
        `GET ${s3.url}${PATH}: expected 200, came 403 ("SignatureDoesNotMatch`,
      )
      expect(words).toContain('check FLOW_FLATFILES_ACCESS_KEY and FLOW_FLATFILES_SECRET_KEY')
      expect(words).not.toContain('wr0ng')
      expect(s3.requests).toHaveLength(1)
    }
  })

  test('never shows the keys, also where the server repeats them', async () => {
    s3.troubles.push((response) => {
      fail(response, 403, 'InvalidAccessKeyId', `${ACCESS} and ${SECRET}`)
      return true
    })
    const words = await message()
    expect(words).toContain('("InvalidAccessKeyId: [key] and [key]")')
    expect(words).not.toContain(SECRET)
    expect(words).not.toContain(ACCESS)
  })

  test('404 says when the file is ready', async () => {
    objects.clear()
    expect(await message()).toMatch(
      /came 404 \("NoSuchKey: no such key"\); there is no file of that day: it is ready about 11:00 New York time on the next day/,
    )
    expect(s3.requests).toHaveLength(1)
    expect(existsSync(join(dir, 'files', `${DATE}.csv.gz`))).toBe(false)
  })

  test('a bucket that is not there, an answer that is elsewhere', async () => {
    s3.troubles.push(
      (response) => {
        fail(response, 404, 'NoSuchBucket', '')
        return true
      },
      (response) => {
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
        return true
      },
    )
    expect(await message()).toMatch(/404 \("NoSuchBucket"\); check FLOW_FLATFILES_BUCKET$/)
    expect(await message()).toMatch(/came 302; check FLOW_FLATFILES_URL$/)
    expect(s3.requests).toHaveLength(2)
  })

  test('429 and 5xx are tried again after what they ask for, so many times', async () => {
    s3.troubles.push(
      (response) => {
        response.setHeader('retry-after', '1')
        fail(response, 429, 'SlowDown', '')
        return true
      },
      (response) => {
        fail(response, 503, 'SlowDown', '')
        return true
      },
    )
    const begun = performance.now()
    const { path, retries } = begin()
    await path
    expect(performance.now() - begun).toBeGreaterThan(990)
    expect(retries.map((text) => /came \d+/.exec(text)![0])).toEqual(['came 429', 'came 503'])
    await rm(join(dir, 'files'), { recursive: true })
    for (let i = 0; i < 9; i++) {
      s3.troubles.push((response) => {
        response.writeHead(500).end()
        return true
      })
    }
    expect(await message()).toMatch(/came 500; the server is busy .+; gave up after 6 tries/)
  })

  test('a page in the place of the file is none, and does not stay', async () => {
    objects.set(PATH, Buffer.from('<html>please log in</html>'))
    expect(await message()).toMatch(/expected 26 bytes of gzip, came 26 of something else; check/)
    expect(folder()).toEqual([])
  })

  test('a disk that takes nothing is no reason to ask again', async () => {
    expect(await message({ dir: '/dev/null/files' })).toMatch(/ENOTDIR/)
    await begin().path
    const path = join(dir, 'files', `${DATE}.csv.gz`)
    await rm(path)
    await mkdir(`${path}.part`)
    s3.requests.length = 0
    expect(await message()).toMatch(/^the flat file cannot be written: .*EISDIR/)
    expect(s3.requests).toHaveLength(1)
  })

  test('a date that is none is asked of nobody', async () => {
    expect(await message({ date: '../../etc' })).toContain('expected a date as 2026-11-20')
    expect(s3.requests).toEqual([])
  })
})

test('a server that is not there is told with its error, after some tries', async () => {
  const { path, retries } = begin({ url: 'http://127.0.0.1:1' })
  await expect(path).rejects.toThrow(/ECONNREFUSED.*; gave up after 6 tries/)
  expect(retries).toHaveLength(5)
})

test.each([
  ['without end', { 'content-range': 'bytes 0-99/100' }, 206],
  [
    'longer than it says',
    { 'content-range': `bytes 0-${FILE.length - 2}/${FILE.length - 1}` },
    206,
  ],
])('a body %s does not fill the disk', async (_, headers, status) => {
  s3.troubles.push((response) => {
    response.writeHead(status, headers)
    const timer = setInterval(() => response.write(FILE), 1)
    response.once('close', () => clearInterval(timer))
    return true
  })
  const { path } = begin()
  await expect(path).rejects.toThrow(
    /expected \d+ bytes, as the server says, came more; check FLOW/,
  )
  const bytes = folder().map((name) => statSync(join(dir, 'files', name)).size)
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FILE.length)
})

test('an answer that does not tell its size is refused in words', async () => {
  s3.troubles.push((response) => {
    response.writeHead(200) // chunked
    response.end(FILE)
    return true
  })
  await expect(begin().path).rejects.toThrow(
    'expected its size and the range that was asked for in the headers, came 200',
  )
})

test('a server that repeats the signature does not get it shown', async () => {
  s3.troubles.push((response, request) => {
    fail(response, 403, 'AccessDenied', `you sent ${request.headers.authorization}`)
    return true
  })
  const error = await begin().path.catch((failure: Error) => failure.message)
  expect(error).toContain('Signature=***')
  expect(error).not.toMatch(/Signature=[0-9a-f]/)
})

test('a file with a hole, as two downloads at once leave it, is damaged and comes anew', async () => {
  const hole = Buffer.from(FILE)
  hole.fill(0, 100_000, 110_000)
  s3.troubles.push((response) => {
    response.writeHead(200, { 'content-length': hole.length })
    response.end(hole)
    return true
  })
  const { path, retries } = begin()
  expect(readFileSync(await path).equals(FILE)).toBe(true)
  expect(retries).toEqual([expect.stringMatching(/what came is damaged \(.+\); run one download/)])
})
