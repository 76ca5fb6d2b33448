import { nextUrl } from '../reader/contracts-listing.ts'
import { fetchJson, RestError, type RestOptions, restUrl } from '../reader/rest.ts'
import type { RestBudget, RestPriority } from '../reader/rest-budget.ts'
import { parseExactTimes } from '../reader/rest-quotes.ts'

/** Rows of one page; the vendor's maximum. */
export const PAGE_ROWS = 50_000
/** A page of 50,000 rows is about 10 MiB. */
const BODY_BYTES_MAX = 64 * 1024 * 1024
/** A full page takes the vendor seconds. */
const TIMEOUT_MS = 60_000

export type TapeResult = 'ok' | 'throttled' | 'failed'

/** Whom to ask for tapes, and what for each request is paid from. */
export type TapeAsker = {
  /** Address, key and, for tests, delays; the budget and the signal are added for each request. */
  readonly rest: RestOptions
  /** Every request is paid from it, a repeated one too. */
  readonly budget: RestBudget
  readonly priority: RestPriority
  /** Each request that has been answered or has failed, for a counter. */
  readonly onResult?: (result: TapeResult) => void
  /** Rows that were left out, in words for the log; never holds the key. */
  readonly onProblem: (problem: string) => void
}

/** What is asked for: the events of one contract over a span of time. */
export type TapeSpan = {
  readonly kind: 'trades' | 'quotes'
  readonly ticker: string
  /** Epoch ms, both inclusive: all nanoseconds of the last ms belong to it. */
  readonly fromMs: number
  readonly toMs: number
}

export type TapePage = { readonly rows: readonly unknown[]; readonly isLast: boolean }

/**
 * The pages of a span in order of time (`sip_timestamp` comes as text, with all its digits),
 * `pagesMax` of them at most. Throttling and trouble of the server are tried again, a limited
 * number of times. Throws RestError, also for other JSON; and Error for a next page at another
 * server or of another contract, which is not followed.
 */
export async function* tapePages(
  asker: TapeAsker,
  span: TapeSpan,
  pagesMax: number,
  signal: AbortSignal,
): AsyncGenerator<TapePage> {
  const what = `the ${span.kind} of ${span.ticker}`
  let url = restUrl(asker.rest.baseUrl, pathOf(span))
  for (let pages = 1; pages <= pagesMax; pages++) {
    const { rows, next } = pageOf(await ask(asker, url, signal), what)
    yield { rows, isLast: next === undefined }
    if (next === undefined) return
    url = ofSpan(nextUrl(next, asker.rest, what), span, what)
  }
}

/** A cursor of another contract would have its prints stored as this one's. */
function ofSpan(url: string, { kind, ticker }: TapeSpan, what: string): string {
  const { pathname } = new URL(url)
  if (decoded(pathname).endsWith(`/v3/${kind}/${ticker}`)) return url
  throw new Error(
    `the next page of ${what} lies at ${pathname}, expected /v3/${kind}/${ticker}: not followed, ` +
      'because it is of something else. Check FLOW_REST_URL',
  )
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The vendor counts nanoseconds, which a number does not hold exactly: so they are text. */
function pathOf({ kind, ticker, fromMs, toMs }: TapeSpan): string {
  return (
    `/v3/${kind}/${encodeURIComponent(ticker).replaceAll('%3A', ':')}` +
    `?timestamp.gte=${fromMs}000000&timestamp.lte=${toMs}999999` +
    `&order=asc&sort=timestamp&limit=${PAGE_ROWS}`
  )
}

async function ask(asker: TapeAsker, url: string, signal: AbortSignal): Promise<unknown> {
  const { rest, budget, priority, onResult } = asker
  const tell = (error: unknown): void => {
    const isThrottled = error instanceof RestError && error.status === 429
    if (!signal.aborted) onResult?.(isThrottled ? 'throttled' : 'failed')
  }
  try {
    const json = await fetchJson(url, {
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: BODY_BYTES_MAX,
      ...rest,
      parse: parseExactTimes,
      signal,
      beforeTry: () => budget.take(priority, signal),
      onRetry: (error, delayMs) => {
        tell(error)
        rest.onRetry?.(error, delayMs)
      },
    })
    onResult?.('ok')
    return json
  } catch (error) {
    tell(error)
    throw error
  }
}

function pageOf(json: unknown, what: string): { rows: unknown[]; next: string | undefined } {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
  const page: { results?: unknown; next_url?: unknown } = isObject ? json : {}
  const rows = page.results ?? [] // a contract that did not trade may have no results at all
  if (!isObject || !Array.isArray(rows)) {
    throw new RestError(`${what}: expected {"results": [...]}, came other JSON`, 200, false)
  }
  const next = page.next_url
  return { rows, next: typeof next === 'string' && next !== '' ? next : undefined }
}
