import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from './describe-error.ts'
import { displayUrl, redact } from './redact.ts'

const TIMEOUT_MS = 15_000
const TRIES_MAX = 6
const RETRY_MIN_MS = 500
const RETRY_MS_MAX = 30_000
/** A server that asks for more patience than this gets this much. */
const RETRY_AFTER_MS_MAX = 60_000
/** Largest body; a full page of the contract listing is about 0.4 MiB. */
const BODY_BYTES_MAX = 16 * 1024 * 1024
const CLIENT_CLOSED = 499

export type RestOptions = {
  /** http:// or https://; a path is kept as a prefix. */
  readonly baseUrl: string
  readonly apiKey: string
  /** For one try, body included. */
  readonly timeoutMs?: number
  readonly triesMax?: number
  /** First retry delay, doubled with jitter up to 30 s. */
  readonly retryMinMs?: number
  readonly bodyBytesMax?: number
  /** Instead of JSON.parse, where whole numbers are too large for a number; throws SyntaxError. */
  readonly parse?: (body: string) => unknown
  /** 0 to 1, for jitter. */
  readonly random?: () => number
  /** Awaited before each try, also a repeated one: a budget that every request is paid from. */
  readonly beforeTry?: () => Promise<void>
  /** Each failed try that is followed by another, for the log. */
  readonly onRetry?: (error: RestError, delayMs: number) => void
  readonly signal?: AbortSignal
}

/** A request that failed for good. Its text says what to do and never holds the API key. */
export class RestError extends Error {
  override readonly name = 'RestError'
  /** HTTP status of the last answer; null: there was none. */
  readonly status: number | null
  /** Whether the same request may succeed later. */
  readonly mayRetry: boolean
  /** What the server asked us to wait, ms. */
  readonly retryAfterMs: number

  constructor(message: string, status: number | null, mayRetry: boolean, retryAfterMs = 0) {
    super(message)
    this.status = status
    this.mayRetry = mayRetry
    this.retryAfterMs = retryAfterMs
  }
}

/** The absolute URL of a path of the vendor's API. */
export function restUrl(baseUrl: string, path: string): string {
  return baseUrl.replace(/\/+$/, '') + path
}

/**
 * GETs a URL and parses the JSON. The key goes in the header, so `url` must be one that the key may
 * be sent to. Throttling (429), trouble of the server (499, 5xx) and of the network are tried
 * again, a limited number of times.
 */
export async function fetchJson(url: string, options: RestOptions): Promise<unknown> {
  const triesMax = options.triesMax ?? TRIES_MAX
  for (let tried = 1; ; tried++) {
    await options.beforeTry?.()
    const outcome = await tryOnce(url, options)
    if (!(outcome instanceof RestError)) return outcome.json
    options.signal?.throwIfAborted()
    if (!outcome.mayRetry || triesMax === 1) throw outcome // also says when to ask again
    if (tried >= triesMax) {
      throw new RestError(
        `${outcome.message}; gave up after ${tried} tries`,
        outcome.status,
        outcome.mayRetry,
      )
    }
    const delayMs = retryDelay(tried, outcome.retryAfterMs, options)
    options.onRetry?.(outcome, delayMs)
    await sleep(delayMs, undefined, options.signal ? { signal: options.signal } : {})
  }
}

/**
 * Doubled from retryMinMs, lengthened by up to a half at random, never below what was asked for.
 */
function retryDelay(tried: number, retryAfterMs: number, options: RestOptions): number {
  const rung = (options.retryMinMs ?? RETRY_MIN_MS) * 2 ** (tried - 1)
  const jittered = Math.min(RETRY_MS_MAX, rung * (1 + (options.random ?? Math.random)() / 2))
  return Math.max(jittered, Math.min(RETRY_AFTER_MS_MAX, retryAfterMs))
}

async function tryOnce(url: string, options: RestOptions): Promise<{ json: unknown } | RestError> {
  const shown = `GET ${displayUrl(url, options.apiKey)}`
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${options.apiKey}`, Accept: 'application/json' },
      redirect: 'manual', // the key goes to the configured server and to no other
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    })
    const bytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX
    const body = await readBody(response, bytesMax)
    if (body === undefined) {
      return new RestError(
        `${shown}: expected at most ${bytesMax} bytes, more came`,
        response.status,
        false,
      )
    }
    if (response.status !== 200) return refusal(shown, response, body, options.apiKey)
    return { json: (options.parse ?? JSON.parse)(body) }
  } catch (error) {
    if (timeout.aborted) {
      const ms = options.timeoutMs ?? TIMEOUT_MS
      return new RestError(`${shown}: no complete answer after ${ms} ms`, null, true)
    }
    // no `cause`: the original text may hold the key, and loggers print causes
    const text = redact(describeFetchError(error), options.apiKey)
    if (error instanceof SyntaxError) {
      return new RestError(`${shown}: expected JSON, came something else (${text})`, 200, true)
    }
    return new RestError(`${shown}: no answer (${text})`, null, !isBadHeader(options.apiKey))
  }
}

/** The body as text, or undefined when it is larger than `bytesMax`; the rest is not downloaded. */
async function readBody(response: Response, bytesMax: number): Promise<string | undefined> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) return undefined // leaving the loop cancels the download
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What an answer other than 200 means, with the vendor's words where it gave some. */
function refusal(shown: string, response: Response, body: string, apiKey: string): RestError {
  const { status } = response
  const words = redact(vendorWords(body), apiKey)
  const said = words === '' ? '' : ` ("${words}")`
  const advice =
    status === 401 || status === 403 ? '. Check MASSIVE_API_KEY and what its plan includes' : ''
  const mayRetry = status === 429 || status === CLIENT_CLOSED || status >= 500
  return new RestError(
    `${shown}: expected 200, came ${status}${said}${advice}`,
    status,
    mayRetry,
    mayRetry ? retryAfterMs(response.headers.get('retry-after')) : 0,
  )
}

/** Errors come as {"error": ...} or {"message": ...}; proxies on the way send anything. */
function vendorWords(body: string): string {
  const match = /"(?:error|message)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(body)
  try {
    return match?.[1] === undefined ? '' : String(JSON.parse(match[1]))
  } catch {
    return ''
  }
}

/** The Retry-After header: seconds or an HTTP date. 0: none, in the past, or not readable. */
export function retryAfterMs(header: string | null): number {
  if (header === null) return 0
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return ms > 0 ? ms : 0
}

/** `fetch` says "fetch failed" and keeps the reason in the cause. */
function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? describeError(error.cause) : describeError(error)
}

/** A key that no header can carry fails in the same way every time. */
function isBadHeader(apiKey: string): boolean {
  return !/^[\x21-\x7e]*$/.test(apiKey)
}
