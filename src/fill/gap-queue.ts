import type { Client } from 'pg'
import { startOfNewYorkDay } from '../domain/new-york.ts'

/** A filled contract's note is of use as long as its gap may still be filled. */
const NOTES_KEPT_MS = 7 * 86_400_000
const CONTRACTS_MAX = 100_000
/** Each look at a gap reads its underlyings' day: a feed that flaps has more gaps than that. */
const LATER_GAPS_MAX = 200

/** A gap that has ended, or as much of it as lies on one New York day. */
export type EndedGap = {
  readonly gapId: string
  /** Epoch ms. */
  readonly startedAt: number
  readonly endedAt: number
  /** Underlyings; null: all. */
  readonly symbols: readonly string[] | null
  readonly reason: string
}

const GAP_COLUMNS = `gap_id AS "gapId", started_at::float8 AS "startedAt",
  ended_at::float8 AS "endedAt", symbols, reason`

/**
 * The oldest gap that has ended at `since` (epoch ms) or later and was not looked at to the end;
 * null: none. Earlier ones are for their flat files.
 */
export async function nextGap(client: Client, since: number): Promise<EndedGap | null> {
  const text = `SELECT ${GAP_COLUMNS}
    FROM flow_gaps WHERE ended_at >= $1 AND status IN ('unfilled', 'filling')
    ORDER BY flow_gaps.started_at, gap_id LIMIT 1`
  const { rows } = await client.query<EndedGap>(text, [since])
  return rows[0] === undefined ? null : gapOf(rows[0])
}

/** Gaps that have ended at `since` (epoch ms) or later and were looked at, the newest of them. */
export async function doneGaps(client: Client, since: number): Promise<EndedGap[]> {
  const text = `SELECT * FROM (SELECT ${GAP_COLUMNS}
    FROM flow_gaps WHERE ended_at >= $1 AND status IN ('filled', 'partly filled')
    ORDER BY flow_gaps.started_at DESC LIMIT ${LATER_GAPS_MAX}) AS newest
    ORDER BY "startedAt", "gapId"`
  return (await client.query<EndedGap>(text, [since])).rows.map(gapOf)
}

function gapOf(row: EndedGap): EndedGap {
  return { ...row, symbols: row.symbols?.includes('*') === true ? null : row.symbols }
}

/** Everything received before this moment is stored or accounted for, epoch ms; -1: not known. */
export async function receivedTo(client: Client): Promise<number> {
  const text = `SELECT coalesce(max(received_to), -1)::float8 AS "receivedTo"
    FROM flow_batches WHERE is_feed`
  return (await client.query<{ receivedTo: number }>(text)).rows[0]!.receivedTo
}

/**
 * Contracts of the gap's underlyings that have rows on the day and are not done yet, the most
 * traded first. `day`: New York date as days since 1970-01-01.
 */
export async function contractsOf(
  client: Client,
  { gapId, symbols }: EndedGap,
  day: number,
): Promise<string[]> {
  const text = `SELECT flow.contract_ticker AS ticker FROM options_flow_history AS flow
    WHERE flow.timestamp >= $1 AND flow.timestamp < $2
      AND ($3::text[] IS NULL OR flow.symbol = ANY($3))
      AND NOT EXISTS (SELECT FROM flow_fills AS done
        WHERE done.gap_id = $4 AND done.contract_ticker = flow.contract_ticker)
    GROUP BY 1 ORDER BY sum(flow.size) DESC, 1 LIMIT ${CONTRACTS_MAX}`
  const between = [startOfNewYorkDay(day), startOfNewYorkDay(day + 1)]
  const { rows } = await client.query<{ ticker: string }>(text, [...between, symbols, gapId])
  return rows.map(({ ticker }) => ticker)
}

export type GapStatus = 'filling' | 'filled' | 'partly filled'

/** One that is filled stays so. */
export async function setStatus(client: Client, gapId: string, status: GapStatus): Promise<void> {
  const text = "UPDATE flow_gaps SET status = $2 WHERE gap_id = $1 AND status <> 'filled'"
  await client.query(text, [gapId, status])
  if (status === 'filling') return
  await client.query('DELETE FROM flow_fills WHERE filled_at < $1', [Date.now() - NOTES_KEPT_MS])
}

/** A later look has left out contracts, also of a gap that was filled as far as it was known. */
export async function noteLeftOut(client: Client, gapId: string): Promise<void> {
  await client.query("UPDATE flow_gaps SET status = 'partly filled' WHERE gap_id = $1", [gapId])
}

/** Gaps that are open, or have ended at `since` (epoch ms) or later and are not done. */
export async function countOpen(client: Client, since: number): Promise<number> {
  const text = `SELECT count(*)::integer AS open FROM flow_gaps
    WHERE status IN ('open', 'unfilled', 'filling') AND coalesce(ended_at >= $1, true)`
  return (await client.query<{ open: number }>(text, [since])).rows[0]!.open
}
