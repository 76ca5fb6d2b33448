import { displayUrl, redact } from '../reader/redact.ts'
import { restUrl } from '../reader/rest.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const PATH = '/v3/reference/options/contracts?underlying_ticker=SPY&limit=1'
/** The clock of a server is told in whole seconds. */
const SECOND_MS = 1_000
const CLOCK_OFF_MS = 1_000

export type RestAsked = { readonly url: string; readonly apiKey: string }

/** REST with the key, and this machine's clock against the server's. */
export async function checkRest(
  { url, apiKey }: RestAsked,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const shown = displayUrl(url, apiKey)
  const askedAt = Date.now()
  let response: Response
  try {
    const headers = { authorization: `Bearer ${apiKey}` }
    response = await fetch(restUrl(url, PATH), { headers, signal, redirect: 'error' })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = redact(cause instanceof Error ? cause.message : String(cause), apiKey)
    return [fail('rest', `${shown}: ${reason}`, 'check FLOW_REST_URL and the network')]
  }
  const answeredAt = Date.now()
  await response.body?.cancel()
  return [
    answerOf(response.status, shown),
    ...clockOf(response.headers.get('date'), askedAt, answeredAt),
  ]
}

function answerOf(status: number, shown: string): Finding {
  if (status === 200) return ok('rest', `${shown} answers`)
  const found = `${shown} answers ${status}`
  if (status === 401 || status === 403) {
    return fail('rest', found, 'check MASSIVE_API_KEY and that the plan includes options over REST')
  }
  if (status === 429) return warn('rest', found, 'wait a minute, or lower FLOW_REST_PER_SECOND')
  return warn('rest', found, 'check FLOW_REST_URL; look-ups of quotes and fills need it')
}

/**
 * The server's clock was at its Date, or up to a second behind it, at some time between question and
 * answer: only what cannot be explained by that is this machine's mistake.
 */
function clockOf(date: string | null, askedAt: number, answeredAt: number): Finding[] {
  const told = Date.parse(date ?? '')
  if (!Number.isFinite(told)) return []
  const ahead = askedAt - (told + SECOND_MS)
  const behind = told - answeredAt
  const off = Math.max(0, ahead, behind)
  if (off <= CLOCK_OFF_MS) return [ok('clock', 'agrees with that of the vendor')]
  const way = ahead > behind ? 'ahead of' : 'behind'
  const found = `${(off / SECOND_MS).toFixed(1)} s or more ${way} that of the vendor`
  return [warn('clock', found, 'let NTP set it: ages of quotes and latencies are wrong by as much')]
}
