import type { Client } from 'pg'
import { parseContract } from '../domain/contract.ts'
import { CUSTOMER_CONFIDENCE } from '../domain/customer-side.ts'
import {
  AGGRESSIVENESS_TEXT,
  CUSTOMER_RULE_TEXT,
  CustomerRule,
  QUOTE_SOURCE_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
} from '../domain/labels.ts'
import type { Requote } from '../slab/requote.ts'
import { reviseLabels } from './event-store.ts'
import { eventIdOf } from './events.ts'
import { dollarsOf } from './extras.ts'

/** At most one row, and only one without a quote: a quote that came again changes nothing. */
const REQUOTE_SQL = `
UPDATE options_flow_history AS flow
SET bid = $6, ask = $7, bid_size = $8, ask_size = $9, quote_age_ms = $10, quote_source = $11,
  side = $12, sentiment = $13, aggressiveness = $14, is_above_ask = $15, is_below_bid = $16,
  -- without a rule that could tell, what the tick test told on the print's arrival stays
  customer_side = CASE WHEN $18::text IS NULL THEN flow.customer_side ELSE $17 END,
  customer_rule = coalesce($18, flow.customer_rule),
  customer_confidence = CASE WHEN $18::text IS NULL THEN flow.customer_confidence ELSE $19 END,
  revision = revision + 1, revised_at = $20
FROM (
  SELECT tableoid AS part, ctid AS place FROM options_flow_history
  WHERE symbol = $1 AND timestamp = $2 AND contract_ticker = $3
    AND ($4::integer IS NULL OR arrival = $4) AND sequence IS NOT DISTINCT FROM $5
    AND bid IS NULL
  ORDER BY received_at DESC NULLS LAST LIMIT 1
) AS stored
WHERE flow.symbol = $1 AND flow.timestamp = $2
  AND flow.tableoid = stored.part AND flow.ctid = stored.place
RETURNING flow.arrival,
  -- for the trigger, which comes after: when the rollups know of it
  set_config('flow.known_at', $21, true) AS known_at`

/**
 * Gives the stored row of a print, and the event that it is by itself, the labels of a quote that
 * came late; gives whether there was such a row without a quote. A leg of a sweep or split has a
 * quote, so it is never meant. `storedUpTo`: newest row of an earlier process, epoch ms; -1: none.
 */
export async function storeRequote(
  client: Client,
  requote: Requote,
  ticker: string,
  storedUpTo: number,
): Promise<boolean> {
  const { time, sequence, arrival, bid, ask, customerRule } = requote
  // an earlier process may have stored the print that was sent again: under its own arrival number
  const isOlder = time <= storedUpTo && sequence > 0
  const recv = Number.isNaN(requote.recv) ? null : Math.floor(requote.recv)
  const side = SIDE_TEXT[requote.side]
  const sentiment = SENTIMENT_TEXT[requote.sentiment]
  const values = [
    parseContract(ticker)?.underlying ?? ticker,
    time,
    ticker,
    isOlder ? null : arrival,
    Number.isNaN(sequence) ? null : sequence,
    dollarsOf(bid),
    dollarsOf(ask),
    sizeOrNull(requote.bidSize),
    sizeOrNull(requote.askSize),
    requote.quoteAge,
    QUOTE_SOURCE_TEXT[requote.quoteSource],
    side,
    sentiment,
    AGGRESSIVENESS_TEXT[requote.aggressiveness],
    requote.isAboveAsk,
    requote.isBelowBid,
    SIDE_TEXT[requote.customerSide],
    CUSTOMER_RULE_TEXT[customerRule],
    customerRule === CustomerRule.None ? null : CUSTOMER_CONFIDENCE[customerRule],
    recv,
    `${recv ?? time}`,
  ]
  const { rows } = await client.query<{ arrival: number }>({
    name: 'flow_requote',
    text: REQUOTE_SQL,
    values,
  })
  const row = rows[0]
  if (row === undefined) return false
  const eventId = eventIdOf(ticker, time, row.arrival)
  await reviseLabels(client, eventId, { bid, ask, side, sentiment })
  return true
}

/** -1 is none. */
function sizeOrNull(size: number): number | null {
  return size < 0 ? null : size
}
