import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { flow } from '../e2e/flow-process.ts'
import { rowTexts } from '../e2e/table.ts'
import { query } from '../pg/database.ts'
import type { Line } from './vix-tape.ts'

/** Stores a tape as `flow replay` does. */
export async function replay(url: string, lines: readonly Line[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'flow-fill-'))
  const file = join(directory, 'tape.frames.jsonl')
  await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
  const settings = { DATABASE_URL: url, FLOW_SYMBOLS: '*', FLOW_SHARDS: '1' }
  const run = await flow(['replay', file], settings)
  await rm(directory, { recursive: true })
  expect([run.code, run.stderr]).toEqual([0, ''])
}

export async function addGap(
  url: string,
  gapId: string,
  startedAt: number,
  endedAt: number,
): Promise<void> {
  await query(
    url,
    `INSERT INTO flow_gaps (gap_id, started_at, ended_at, symbols, reason, status)
     VALUES ($1, $2, $3, '{VIX}', 'disconnected', 'unfilled')`,
    [gapId, startedAt, endedAt],
  )
}

/** What a fill cannot know, or leaves as it was known when the print came. */
export const DIFFERENT = [
  ...['received_at', 'arrival', 'revision', 'revised_at', 'quote_source', 'event_id'],
  ...['size_percentile', 'premium_percentile', 'percentile_sample'],
  ...['average_size', 'average_prints', 'average_scope', 'is_unusual_volume', 'is_block'],
  ...['customer_side', 'customer_rule', 'customer_confidence', 'trade_type'],
  ...['underlying_price', 'underlying_source', 'filled_at'],
]

/** Each row with the sequences of the legs of its event, and what its windows made of it. */
export async function tableOf(url: string, without = DIFFERENT): Promise<string[]> {
  const legs = await query<{ place: string; legs: string; isSweep: boolean }>(
    url,
    `SELECT contract_ticker || sequence AS place, trade_type = 'SWEEP' AS "isSweep",
       CASE WHEN event_id IS NOT NULL THEN
         array_agg(sequence) OVER (PARTITION BY event_id ORDER BY sequence
           ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)::text END AS legs
     FROM options_flow_history ORDER BY 1`,
  )
  return [...(await rowTexts(url, without)), ...legs.map((row) => JSON.stringify(row))]
}
