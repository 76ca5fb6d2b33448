import type { AlertFacts } from './facts.ts'
import type { Change } from './message.ts'
import { post } from './post.ts'
import { type AlertRule, EVENT_TYPES, type Sink } from './rules.ts'
import { requestOf } from './sink-request.ts'
import { verdictOf } from './verdict.ts'

const CHANGE: Change = 'test'

/** A made-up alert of a rule, of a trade that never was. `now`: epoch ms. */
export function sampleFacts(rule: AlertRule, now: number): AlertFacts {
  const symbol = rule.symbols?.[0] ?? 'SPY'
  const isCall = rule.option !== 'put'
  const expiration = new Date(now).toISOString().slice(0, 10)
  const type = rule.types[0] ?? 'SWEEP'
  const right = isCall ? 'C' : 'P'
  const ticker = `O:${symbol}${expiration.slice(2).replaceAll('-', '')}${right}00100000`
  return {
    subject: `test:${rule.name}:${now}`,
    type,
    revision: 0,
    reason: null,
    is_void: false,
    symbol,
    contract_ticker: ticker,
    option_type: isCall ? 'call' : 'put',
    strike: 100,
    expiration,
    dte: 0,
    side: rule.sides?.[0] ?? 'BUY',
    sentiment: rule.sentiments?.[0] ?? (isCall ? 'BULLISH' : 'BEARISH'),
    started_at: now,
    ended_at: now,
    legs: (EVENT_TYPES as readonly string[]).includes(type) && type !== 'BLOCK' ? 3 : 1,
    exchanges: ['CBOE'],
    size: Math.max(100, rule.size?.min ?? 0),
    premium: Math.max(10_000, rule.premium?.min ?? 0),
    price: 1,
    underlying_price: null,
    open_interest: null,
    day_volume: null,
  }
}

/** Sends a sample once. `words`: what came, without a secret. */
export async function sendSample(
  rule: AlertRule,
  sink: Sink,
  secrets: readonly string[],
): Promise<{ readonly isDelivered: boolean; readonly words: string }> {
  const now = Date.now()
  const facts = sampleFacts(rule, now)
  const alert = { change: CHANGE, rule: rule.name, facts, stillMatches: true }
  const request = requestOf(sink, alert, null, now)
  const answer = await post(request, sink, new AbortController().signal)
  const verdict = verdictOf(sink.kind, answer, request.method, now, secrets)
  if (verdict.kind !== 'delivered') return { isDelivered: false, words: verdict.words }
  return { isDelivered: true, words: answer.kind === 'answer' ? `${answer.status}` : '' }
}
