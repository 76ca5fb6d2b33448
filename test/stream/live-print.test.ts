import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/api/database.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import type { LivePrint } from '../../src/domain/live-flow.ts'
import { livePrint } from '../../src/stream/live-print.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { query, startTestPostgres, type TestPostgres, withClient } from '../pg/database.ts'
import { CONTRACTS, drawnRow, roundTrip } from '../pg/row-model.ts'
import { type Row, slabOf } from '../writer/rows.ts'

const CONDITIONS = [[], [219], [209, 232], ['SWEEP', 'odd "text", {x}\\', ''], [9999]]

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
  url = await server.freshDatabase()
  await migrateDatabase(url)
})
afterAll(() => server.stop())

/** As far as doubles go: a sum of more than 2^53 ticks is rounded once more. */
const isExact = ({ price, size, multiplier }: Pick<Row, 'price' | 'size' | 'multiplier'>) =>
  price * size * multiplier <= Number.MAX_SAFE_INTEGER

test('a print is as /api/trades answers it once it is stored', async () => {
  const rows = fc
    .array(
      drawnRow.filter((row) => isExact(row) && row.conditions < CONDITIONS.length),
      {
        minLength: 1,
        maxLength: 50,
      },
    )
    .map((drawn) => drawn.map((row, place): Row => ({ ...row, arrival: place + 1 })))
  const database = openDatabase(url)
  await fc.assert(
    fc.asyncProperty(rows, async (all) => {
      await query(url, 'TRUNCATE options_flow_history')
      await withClient(url, (client) => roundTrip(client, all))
      const route = tradesRoute(() => database)
      const answer = await route.answer({ params: {}, query: new URLSearchParams('limit=1000') })
      const { trades } = answer.body as { trades: LivePrint[] }
      const stored = new Map(trades.map((trade) => [trade.arrival, trade]))
      const slab = slabOf(all)
      for (const [row, { contract, conditions, arrival }] of all.entries()) {
        const told = livePrint(slab, row, CONTRACTS[contract]!, CONDITIONS[conditions]!)
        expect(stored.get(arrival)).toMatchObject(told)
      }
    }),
    { numRuns: 25 },
  )
  await database.close()
})
