import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { AwsV4Signer } from 'aws4fetch'
import { displayUrl, redact } from '../reader/redact.ts'
import { retryAfterMs } from '../reader/rest.ts'
import { bodyBytes } from './body-bytes.ts'

/** No byte for this long: the connection is dead. */
const STALL_MS = 60_000
/** Of an answer that is no file. */
const WORDS_BYTES_MAX = 64 * 1024
/** The hash of no body: every request of ours. Servers other than S3 may want it. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A file of an S3-compatible server; path-style addresses. */
export type FileSource = {
  /** FLOW_FLATFILES_URL. */
  readonly url: string
  readonly bucket: string
  readonly key: string
  readonly accessKey: string
  readonly secretKey: string
  /** No byte for this long ends a try, ms. Default a minute. */
  readonly stallMs?: number
}

/** What is on disk already. */
type Held = {
  readonly from: number
  /** Of the file that the bytes are of; null: they are asked for anew. */
  readonly etag: string | null
}

export type FileAnswer =
  | {
      readonly kind: 'body'
      /** Of the first byte that comes: what was asked for, or 0 where the server has no ranges. */
      readonly from: number
      readonly total: number
      readonly etag: string | null
      readonly body: AsyncIterable<Uint8Array>
    }
  /** There is nothing after the bytes that are on disk. */
  | { readonly kind: 'whole'; readonly total: number }
  /** The server has another file by now. */
  | { readonly kind: 'changed' }

/** A download that failed; its text says what to do and holds neither key. */
export class FlatFileError extends Error {
  override readonly name = 'FlatFileError'
  /** Whether the same request may succeed in a moment. */
  readonly mayRetry: boolean
  /** What the server asked us to wait, ms. */
  readonly retryAfterMs: number

  constructor(message: string, mayRetry: boolean, retryAfter = 0) {
    super(message)
    this.mayRetry = mayRetry
    this.retryAfterMs = retryAfter
  }
}

/**
 * Asks for a file from a byte on, signed with AWS Signature Version 4. The body is as the server
 * keeps it, compressed. Rejects with FlatFileError for an answer that is none of FileAnswer, else
 * with what the connection or the signal says.
 */
export async function requestFile(
  source: FileSource,
  held: Held,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const from = held.etag === null ? 0 : held.from
  const url = new URL(`${source.url}/${source.bucket}/${source.key}`)
  const headers: Record<string, string> = { 'x-amz-content-sha256': EMPTY_SHA256 }
  if (from > 0 && held.etag !== null) {
    headers.range = `bytes=${from}-`
    headers['if-match'] = held.etag
  }
  const { head, body } = await send(source, url, headers, signal)
  const status = head.statusCode ?? 0
  const etag = head.headers.etag ?? null
  const range = rangeOf(head.headers['content-range'])
  if (status === 200) {
    const total = Number(head.headers['content-length'] ?? Number.NaN)
    if (total >= 0) return { kind: 'body', from: 0, total, etag, body }
  }
  if (status === 206 && range !== null && range.from === from) {
    return { kind: 'body', from, total: range.total, etag, body }
  }
  if (status === 412 || status === 416) {
    head.destroy()
    const isWhole = status === 416 && range?.total === from
    return isWhole ? { kind: 'whole', total: from } : { kind: 'changed' }
  }
  throw refusal(source, url, head, await wordsOf(body, source))
}

async function send(
  { accessKey, secretKey, stallMs = STALL_MS }: FileSource,
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<{ head: IncomingMessage; body: AsyncGenerator<Buffer> }> {
  const signed = await new AwsV4Signer({
    url: url.href,
    headers,
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    service: 's3',
    region: 'us-east-1', // what S3-compatible servers take for none
  }).sign()
  // fetch would decompress a file that the server calls gzip: then no size and no range is right
  const ask = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = ask(url, {
    headers: Object.fromEntries(signed.headers),
    signal,
    timeout: stallMs,
  })
  let response: IncomingMessage | null = null
  request.once('timeout', () => {
    const why = new Error(`no byte for ${stallMs / 1000} s`)
    if (response === null) request.destroy(why)
    else response.destroy(why)
  })
  request.once('response', (answer) => {
    response = answer
    request.on('error', () => {}) // from here on the body says what goes wrong
  })
  request.end()
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { head: answer, body: bodyBytes(answer) }
}

/** `bytes 100-199/200`; with a star for the range where there is none, `from` is NaN. */
function rangeOf(header: string | undefined): { from: number; total: number } | null {
  const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(header ?? '') ?? []
  return total === undefined ? null : { from: Number(from ?? Number.NaN), total: Number(total) }
}

type Words = { readonly code: string; readonly said: string }

/** The code and message of S3's XML, without the keys, which it repeats in some of its errors. */
async function wordsOf(body: AsyncIterable<Buffer>, source: FileSource): Promise<Words> {
  let text = ''
  try {
    for await (const chunk of body) {
      text += String(chunk)
      if (text.length > WORDS_BYTES_MAX) break
    }
  } catch {
    // the status says enough
  }
  const of = (name: string): string => {
    const [, words = ''] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text) ?? []
    const clean = redact(redact(words, source.secretKey), source.accessKey)
    return clean.replace(/Signature=[0-9a-f]+/gi, 'Signature=***') // some repeat our headers
  }
  const [code, message] = [of('Code'), of('Message')]
  const said = [code, message].filter((words) => words !== '').join(': ')
  return { code, said: said === '' ? '' : ` ("${said}")` }
}

function refusal(
  { secretKey, accessKey }: FileSource,
  url: URL,
  { statusCode: status = 0, headers }: IncomingMessage,
  { code, said }: Words,
): FlatFileError {
  const shown = redact(displayUrl(url.href, secretKey), accessKey)
  const mayRetry = status === 429 || status >= 500
  const isFile = status === 200 || status === 206
  const expected = isFile ? 'its size and the range that was asked for in the headers' : '200'
  return new FlatFileError(
    `GET ${shown}: expected ${expected}, came ${status}${said}; ${adviceFor(status, code)}`,
    mayRetry,
    mayRetry ? retryAfterMs(headers['retry-after'] ?? null) : 0,
  )
}

function adviceFor(status: number, code: string): string {
  if (status === 429 || status >= 500) return 'the server is busy or in trouble, try it later'
  if (code === 'NoSuchBucket') return 'check FLOW_FLATFILES_BUCKET'
  if (status === 404) {
    return (
      'there is no file of that day: it is ready about 11:00 New York time on the next day, and a ' +
      'day without trading has none'
    )
  }
  if (status === 401 || status === 403) {
    return (
      'check FLOW_FLATFILES_ACCESS_KEY and FLOW_FLATFILES_SECRET_KEY, which are not the vendor ' +
      "key, this machine's clock, and that the plan includes flat files of that day"
    )
  }
  return 'check FLOW_FLATFILES_URL'
}
