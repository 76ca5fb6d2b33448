import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Cancel } from '../../src/slab/cancel.ts'
import type { Resumes } from '../../src/writer/messages.ts'
import { drift } from '../rollup/drift.ts'
import type { Row } from '../writer/rows.ts'
import { query, startTestPostgres, type TestPostgres } from './database.ts'
import { cancelOf, NONE, PLAIN, postRows, startedWriter } from './started-writer.ts'

let server: TestPostgres
let url: string

beforeAll(async () => {
  server = await startTestPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  url = await server.freshDatabase()
})
afterEach(async () => {
  expect(await drift(url)).toEqual([])
})

/** One life of a writer: stores the rows, applies the cancels, ends. Gives what it counted. */
async function life(
  rows: readonly Partial<Row>[],
  cancels: readonly Cancel[] = [],
  resumes: Resumes = 'nothing',
): Promise<{ stored: number; repeated: number }> {
  const { writer, seen } = await startedWriter(url, { resumes })
  if (rows.length > 0) postRows(writer, rows)
  if (cancels.length > 0) writer.cancel(cancels)
  await writer.drain()
  await writer.stop()
  expect(seen.errors).toEqual([])
  const sum = (of: 'rows' | 'repeated') => seen.committed.reduce((n, c) => n + c[of], 0)
  return { stored: sum('rows'), repeated: sum('repeated') }
}

const sequences = async () => {
  const text = 'SELECT sequence FROM options_flow_history ORDER BY timestamp, sequence, arrival'
  const rows = await query<{ sequence: string | null }>(url, text)
  return rows.map(({ sequence }) => (sequence === null ? null : Number(sequence)))
}

const print = (sequence: number, change: Partial<Row> = {}): Partial<Row> => ({
  sequence,
  time: PLAIN.time + sequence,
  arrival: sequence,
  ...change,
})

it('stores a print that is sent again after a restart once', async () => {
  expect(await life([print(1), print(2), print(3)])).toEqual({ stored: 3, repeated: 0 })
  // another arrival number and receive time: the new process counts anew
  const again = [print(2, { arrival: 1, recv: 5 }), print(3, { arrival: 2 }), print(4)]
  expect(await life(again)).toEqual({ stored: 1, repeated: 2 })
  expect(await sequences()).toEqual([1, 2, 3, 4])
})

it('stores the same sequence with other content, or of another day, as another print', async () => {
  await life([print(1), print(2), print(9)])
  const nextDay = { time: PLAIN.time + 86_400_000 }
  const others = [
    print(1, { price: PLAIN.price + 1 }),
    print(1, { size: PLAIN.size + 1 }),
    print(1, { exchange: 301 }),
    print(1, { conditions: PLAIN.conditions === 0 ? 1 : 0 }),
    print(1, { time: PLAIN.time + 2 }),
    print(1, nextDay),
  ]
  expect(await life(others)).toEqual({ stored: 6, repeated: 0 })
})

it('stores equal prints without a sequence again: nothing says that they are the same', async () => {
  await life([print(NONE, { time: PLAIN.time }), print(0, { time: PLAIN.time }), print(5)])
  const again = [print(NONE, { time: PLAIN.time }), print(0, { time: PLAIN.time })]
  expect(await life(again)).toEqual({ stored: 2, repeated: 0 })
})

it('does not bring back a print that a cancel removed before the restart', async () => {
  await life([print(1), print(2)], [cancelOf(print(1))])
  expect(await sequences()).toEqual([2])
  expect(await life([print(1), print(2)])).toEqual({ stored: 0, repeated: 2 })
  expect(await sequences()).toEqual([2])
})

it('removes by a cancel the newest equal print that an earlier process stored', async () => {
  await life([print(1, { recv: 10 }), print(2, { recv: 20 }), print(3, { size: 77 })])
  const cancel = cancelOf(print(2), { removed: null, time: PLAIN.time + 50, sequence: 50 })
  await life([], [cancel])
  expect(await sequences()).toEqual([1, 3])
  const text = 'SELECT removed_sequence::integer AS removed, was_stored FROM flow_cancels'
  expect(await query(url, text)).toEqual([{ removed: 2, was_stored: true }])
  // sent again after one more restart it is the same cancel, and removes nothing more
  await life([], [cancel])
  expect(await sequences()).toEqual([1, 3])
  expect(await query(url, text)).toHaveLength(1)
})

it('removes by a cancel a print that came again after the restart, and records it once', async () => {
  await life([print(1), print(2)])
  // the new process numbers the print anew; one cancel finds it stored, one still in its window
  const again = [print(1, { arrival: 7 }), print(2, { arrival: 8 })]
  const stored = cancelOf(print(1, { arrival: 7 }), { sequence: 90 })
  const { removed } = cancelOf(print(2, { arrival: 8 }))
  const held = cancelOf(print(2), {
    sequence: 91,
    removed: removed === null ? null : { ...removed, wasStored: false },
  })
  await life(again, [stored, held])
  expect(await sequences()).toEqual([])
  await life(again, [stored, held])
  expect(await sequences()).toEqual([])
  const text =
    'SELECT removed_sequence::integer AS removed, was_stored FROM flow_cancels ORDER BY 1'
  expect(await query(url, text)).toEqual([
    { removed: 1, was_stored: true },
    { removed: 2, was_stored: true },
  ])
})

it('does not bring back a cancelled print without a sequence when the journal brings both', async () => {
  const unnumbered = print(NONE, { time: PLAIN.time, arrival: 7 })
  const cancel = cancelOf(unnumbered, { sequence: 90 })
  for (let i = 0; i < 2; i++) {
    await life([unnumbered, print(1)], [cancel], 'state')
    expect(await sequences()).toEqual([1])
  }
  const text = 'SELECT was_stored FROM flow_cancels'
  expect(await query(url, text)).toEqual([{ was_stored: true }])
})

it('lets a cancel that matched nothing alone with prints that came after it', async () => {
  await life([print(1)])
  // the journal brings both in one batch, whose rows are stored ahead of its cancels
  const later = print(2, { recv: 2_000 })
  await life([later], [cancelOf(later, { removed: null, recv: 1_000, sequence: 90 })], 'state')
  expect(await sequences()).toEqual([1, 2])
  const text = 'SELECT removed_sequence, was_stored FROM flow_cancels'
  expect(await query(url, text)).toEqual([{ removed_sequence: null, was_stored: false }])
})
