import { list, number, object, oneOf, orNull, text, time, whole } from './openapi-schema.ts'

const ACCOUNT = [
  ...['received', 'filtered', 'duplicate', 'cancelled', 'dropped', 'below_min_size', 'stored'],
]

/** How the engine is, and what it may have missed. */
export const STATE_SCHEMAS = {
  Gap: object<Record<string, unknown>>({
    gap_id: text('name of the gap'),
    started_at: time('since when prints may have been missed'),
    ended_at: orNull(time('until when; null: it is open')),
    symbols: list(text('underlying; * for all')),
    reason: text('why'),
    status: text('what a fill has made of it'),
    filled: whole('prints that a fill brought'),
  }),
  Stats: object<Record<string, unknown>>({
    version: text('of the program'),
    rules: oneOf(['opra', 'seed'], 'rule set'),
    uptimeMs: number('since the start, ms'),
    ready: text('ready, or why not'),
    account: object<Record<string, unknown>>(
      Object.fromEntries(ACCOUNT.map((name) => [name, whole('prints')])),
      'received is the sum of all others once drained',
    ),
    held: whole('prints that wait for their window to close'),
    contracts: whole('contracts seen'),
    credits: whole('free event slabs; at 0 reading is paused'),
  }),
} as const
