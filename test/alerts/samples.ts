import type { AlertFacts } from '../../src/alerts/facts.ts'
import type { AlertRule, Sink } from '../../src/alerts/rules.ts'

export const FACTS: AlertFacts = {
  subject: 'event:O:SPY251219C00450000-1763735400000-7',
  type: 'SWEEP',
  revision: 1,
  reason: 'first',
  is_void: false,
  symbol: 'SPY',
  contract_ticker: 'O:SPY251219C00450000',
  option_type: 'call',
  strike: 450,
  expiration: '2025-12-19',
  dte: 28,
  side: 'BUY',
  sentiment: 'BULLISH',
  started_at: 1_763_735_400_000,
  ended_at: 1_763_735_400_230,
  legs: 12,
  exchanges: ['CBOE', 'PHLX'],
  size: 1200,
  premium: 1_206_000,
  price: 10.05,
  underlying_price: null,
  open_interest: null,
  day_volume: null,
}

/** A rule that anything meets. */
export const RULE: AlertRule = {
  name: 'any',
  sinks: ['hook'],
  types: ['SWEEP', 'SPLIT', 'BLOCK'],
  symbols: null,
  sides: null,
  sentiments: null,
  option: null,
  premium: null,
  size: null,
  dte: null,
  moneyness: null,
  volumeOverOi: null,
  score: null,
  netPremium: null,
  repeats: null,
  cooldownMs: 0,
  cooldownPer: 'symbol',
  maxAgeMs: 300_000,
}

export const SINK: Sink = {
  name: 'hook',
  kind: 'webhook',
  url: 'http://127.0.0.1:1/',
  secret: null,
  rate: { count: 100, perMs: 1000 },
  timeoutMs: 2_000,
  allowsPrivate: false,
  dedupes: true,
}
