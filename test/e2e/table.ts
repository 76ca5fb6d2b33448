import { query } from '../pg/database.ts'

export type Row = Record<string, unknown>

/** Every row with every column, as sorted text: equal lists are equal multisets. */
export async function rowTexts(url: string, without: readonly string[] = []): Promise<string[]> {
  const rows = await query<{ row: string }>(
    url,
    `SELECT (to_jsonb(t) - $1::text[])::text AS row FROM options_flow_history t ORDER BY 1`,
    [without],
  )
  return rows.map(({ row }) => row)
}

/** The rows as objects, by time and sequence; numbers of any type as numbers. */
export async function tableRows(url: string): Promise<Row[]> {
  const rows = await query<{ row: Row }>(
    url,
    `SELECT to_jsonb(t) AS row FROM options_flow_history t ORDER BY timestamp, sequence`,
  )
  return rows.map(({ row }) => row)
}

export async function countRows(url: string): Promise<number> {
  const [row] = await query<{ n: string }>(url, 'SELECT count(*) AS n FROM options_flow_history')
  return Number(row!.n)
}

/** How many rows of each trade type. */
export async function tradeTypes(url: string): Promise<Record<string, number>> {
  const rows = await query<{ trade_type: string; n: string }>(
    url,
    'SELECT trade_type, count(*) AS n FROM options_flow_history GROUP BY 1 ORDER BY 1',
  )
  return Object.fromEntries(rows.map(({ trade_type, n }) => [trade_type, Number(n)]))
}
