import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { cancelOf, PLAIN, postRows, startedWriter } from './started-writer.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres.stop())

describe('a cancel of the feed', () => {
  it('takes out a filled print, of which no shard knows, and no other', async () => {
    const url = await postgres.freshDatabase()
    const { writer, seen } = await startedWriter(url)
    postRows(writer, [{ arrival: 1, sequence: 1 }])
    await writer.drain()
    // as a fill puts it in: of the same day, never received
    await query(
      url,
      `CREATE TEMP TABLE filled AS SELECT * FROM options_flow_history;
       UPDATE filled SET size = 77, sequence = 5, arrival = 1073741829, received_at = NULL;
       INSERT INTO options_flow_history SELECT * FROM filled;
       INSERT INTO flow_fills (filled_at, prints, gap_id, contract_ticker)
         SELECT 1, 1, 'a gap', contract_ticker FROM filled`,
    )
    const filled = { ...PLAIN, size: 77, sequence: 5 }
    writer.cancel([cancelOf(filled, { removed: null }), cancelOf({ size: 78 }, { removed: null })])
    await writer.drain()
    await writer.stop()
    expect(seen.errors).toEqual([])
    expect(await query(url, 'SELECT sequence FROM options_flow_history')).toEqual([
      { sequence: '1' },
    ])
    const text = `SELECT size, was_stored, removed_sequence FROM flow_cancels ORDER BY size`
    expect(await query(url, text)).toEqual([
      { size: 77, was_stored: true, removed_sequence: '5' },
      { size: 78, was_stored: false, removed_sequence: null },
    ])
  })
})
