import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type S3Options = {
  readonly accessKey: string
  readonly secretKey: string
  /** Path of an object and what it holds; may change while the server runs. */
  readonly objects: Map<string, Buffer>
}

/** What happens to a request whose signature is right, instead of its answer or in the middle. */
export type Trouble = (response: ServerResponse, request: IncomingMessage) => boolean

export type S3Request = {
  readonly path: string
  readonly range: string | undefined
  /** Why the signature is refused; null: it is right. */
  readonly refused: string | null
}

export type S3Server = {
  readonly url: string
  readonly requests: S3Request[]
  /** For the next requests, one each; true: the request has been answered. */
  readonly troubles: Trouble[]
  /** From now on a body breaks off after so many bytes. */
  cutAfter: number
  hasRanges: boolean
  close(): Promise<void>
}

/** What S3 does for a reader: signatures, ranges, versions, errors as XML. */
export async function startS3(options: S3Options): Promise<S3Server> {
  const server = createServer((request, response) => {
    const refused = refusedBecause(request, options)
    const path = request.url ?? ''
    s3.requests.push({ path, range: request.headers.range, refused })
    if (refused !== null) return fail(response, 403, 'SignatureDoesNotMatch', refused)
    if (s3.troubles.shift()?.(response, request) === true) return
    const object = options.objects.get(path)
    if (object === undefined) return fail(response, 404, 'NoSuchKey', 'no such key')
    send(request, response, object, s3)
  })
  const s3: S3Server = {
    url: '',
    requests: [],
    troubles: [],
    cutAfter: Number.POSITIVE_INFINITY,
    hasRanges: true,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(s3, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

export function fail(response: ServerResponse, status: number, code: string, words: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<Error><Code>${code}</Code><Message>${words}</Message></Error>`)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  object: Buffer,
  { cutAfter, hasRanges }: S3Server,
): void {
  const etag = `"${createHash('md5').update(object).digest('hex')}"`
  const match = request.headers['if-match']
  if (match !== undefined && match !== etag) {
    fail(response, 412, 'PreconditionFailed', match)
    return
  }
  const [, from] = /^bytes=(\d+)-$/.exec((hasRanges && request.headers.range) || '') ?? []
  const start = Number(from ?? 0)
  if (from !== undefined && start >= object.length) {
    response.setHeader('content-range', `bytes */${object.length}`)
    fail(response, 416, 'InvalidRange', 'not satisfiable')
    return
  }
  const body = object.subarray(start)
  response.writeHead(from === undefined ? 200 : 206, {
    etag,
    'content-encoding': 'gzip', // as some servers call a file that is one
    'content-length': body.length,
    ...(from === undefined
      ? {}
      : { 'content-range': `bytes ${start}-${object.length - 1}/${object.length}` }),
  })
  if (body.length <= cutAfter) response.end(body)
  else response.write(body.subarray(0, cutAfter), () => response.destroy())
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

/**
 * Why a request's signature is wrong, or null. Written from the published algorithm (AWS Signature
 * Version 4, "Authenticating Requests: Using the Authorization Header"), with none of our code.
 */
export function refusedBecause(
  { method = '', url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { accessKey, secretKey }: Pick<S3Options, 'accessKey' | 'secretKey'>,
  now: number = Date.now(),
): string | null {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
  const [, id, day, region, signed, signature] = form.exec(headers.authorization ?? '') ?? []
  if (id === undefined || day === undefined || region === undefined || signed === undefined) {
    return `no signature of version 4: ${headers.authorization}`
  }
  if (id !== accessKey) return `unknown access key ${id} (not ${accessKey})`
  const time = String(headers['x-amz-date'])
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
  const sent = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s))
  if (!(Math.abs(sent - now) < 15 * 60_000) || !time.startsWith(day)) {
    return `the time ${time} is not now`
  }
  const names = signed.split(';')
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date']) {
    if (!names.includes(name)) return `${name} is not signed`
  }
  const payload = String(headers['x-amz-content-sha256'])
  if (payload !== sha256('')) return 'the payload is not the empty one'
  const [path = '', query = ''] = url.split('?')
  const canonical = [
    method,
    path.split('/').map(encoded).join('/'),
    query.split('&').sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signed,
    payload,
  ].join('\n')
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${day}/${region}/s3/aws4_request\n${sha256(canonical)}`
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), 's3'), 'aws4_request')
  const expected = hmac(key, toSign).toString('hex')
  return expected === signature ? null : `signed with ${secretKey} it is ${expected}`
}

/** One encoding of a path's part, whatever the request's was. */
function encoded(part: string): string {
  return encodeURIComponent(decodeURIComponent(part)).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
