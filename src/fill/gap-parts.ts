import type { Client } from 'pg'
import { DAY_MS, newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import type { CountedGap } from './fill-contract.ts'
import { hadMarket } from './gap-fill.ts'
import { setStatus } from './gap-queue.ts'

/** A gap that has ended; its symbols are underlyings, `*` for all. */
export type DayGap = CountedGap & { readonly symbols: readonly string[] }

/** What a run over the flat file of a day has read. */
export type DayRead = {
  /** New York date as days since 1970-01-01. */
  readonly day: number
  /** Underlyings; null: all. */
  readonly symbols: readonly string[] | null
  /** Prints until then were put in, epoch ms. */
  readonly to: number
  /** False: contracts of these symbols were left out. */
  readonly isWhole: boolean
}

/** Gaps that have ended and lie in the span at least in part, epoch ms. */
export async function gapsIn(client: Client, from: number, to: number): Promise<DayGap[]> {
  const text = `SELECT gap_id AS "gapId", started_at::float8 AS "from", ended_at::float8 AS "to",
      symbols
    FROM flow_gaps WHERE started_at <= $2 AND ended_at >= $1 ORDER BY flow_gaps.started_at, gap_id`
  return (await client.query<DayGap>(text, [from, to])).rows
}

/** Whether the gap has one of these underlyings (null: all of them are meant). */
export function concerns({ symbols }: DayGap, asked: readonly string[] | null): boolean {
  return asked === null || symbols.includes('*') || symbols.some((one) => asked.includes(one))
}

/**
 * Notes what of a gap a day's file has filled; it is `filled` once all its days and symbols are,
 * which is what is answered. Until then its status stays, so that the filler of a running engine
 * goes on with it; only of a gap that no filler takes any more (it ended before the New York day of
 * `now`) it is `partly filled`.
 */
export async function noteRead(
  client: Client,
  gap: DayGap,
  read: DayRead,
  now: number,
): Promise<boolean> {
  const text = `UPDATE flow_gaps SET parts_filled =
      ARRAY(SELECT DISTINCT part FROM unnest(parts_filled || $2::text[]) AS part ORDER BY part)
    WHERE gap_id = $1 RETURNING parts_filled AS parts`
  const { rows } = await client.query<{ parts: string[] }>(text, [gap.gapId, partsOf(gap, read)])
  const done = new Set(rows[0]?.parts ?? [])
  const days = daysOf(gap)
  const isDone = days.every((day) => gap.symbols.every((symbol) => done.has(partOf(day, symbol))))
  if (isDone) await setStatus(client, gap.gapId, 'filled')
  else if (gap.to < startOfNewYorkDay(newYorkDay(now))) {
    await setStatus(client, gap.gapId, 'partly filled')
  }
  return isDone
}

/** The parts of the gap that the run has done. */
function partsOf(gap: DayGap, { day, symbols, to, isWhole }: DayRead): string[] {
  const end = Math.min(gap.to, startOfNewYorkDay(day + 1) - 1)
  if (!isWhole || hadMarket(to + 1, end)) return []
  return gap.symbols
    .filter((symbol) => symbols === null || symbols.includes(symbol))
    .map((symbol) => partOf(day, symbol))
}

/** New York days of a gap on which there was a market in it. */
function daysOf({ from, to }: DayGap): number[] {
  const days: number[] = []
  for (let day = newYorkDay(from); day <= newYorkDay(to); day++) {
    const start = Math.max(from, startOfNewYorkDay(day))
    if (hadMarket(start, Math.min(to, startOfNewYorkDay(day + 1) - 1))) days.push(day)
  }
  return days
}

function partOf(day: number, symbol: string): string {
  return `${new Date(day * DAY_MS).toISOString().slice(0, 10)} ${symbol}`
}
