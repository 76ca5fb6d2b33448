import type { Cancel } from '../../src/slab/cancel.ts'
import { startWriter, type Writer } from '../../src/writer/handle.ts'
import type { Committed, Resumes, StoreError, Waiting } from '../../src/writer/messages.ts'
import { definitionsOf, NONE, PLAIN, type Row, slabOf } from '../writer/rows.ts'

export const TICKER = 'O:SPXW251219C06475000'

export type Seen = {
  readonly committed: Committed[]
  readonly errors: StoreError[]
  readonly waiting: Waiting[]
  readonly fatal: Error[]
}

export type StartedWriter = { readonly writer: Writer; readonly seen: Seen }

/** A real writer thread on `databaseUrl` that knows one contract and the condition set ISOI. */
export async function startedWriter(
  databaseUrl: string,
  options: {
    rules?: 'opra' | 'seed'
    minSize?: number
    isFeed?: boolean
    resumes?: Resumes
    retentionDays?: number | null
    seen?: Seen
    signal?: AbortSignal
  } = {},
): Promise<StartedWriter> {
  const seen = options.seen ?? newSeen()
  const writer = await startWriter({
    databaseUrl,
    rules: options.rules ?? 'opra',
    minSize: options.minSize ?? 10,
    isFeed: options.isFeed ?? true,
    isAgain: false,
    retentionDays: options.retentionDays ?? null,
    onCommitted: (committed) => seen.committed.push(committed),
    onStoreError: (error) => seen.errors.push(error),
    onWaiting: (waiting) => seen.waiting.push(waiting),
    onFatal: (error) => seen.fatal.push(error),
    onLog: () => {},
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  writer.resume(options.resumes ?? 'nothing', -1)
  writer.define(definitionsOf([TICKER], [[219]]))
  return { writer, seen }
}

export function newSeen(): Seen {
  return { committed: [], errors: [], waiting: [], fatal: [] }
}

export function postRows(writer: Writer, rows: readonly Partial<Row>[]): void {
  const now = performance.timeOrigin + performance.now()
  const { buffer } = slabOf(rows)
  writer.post({ buffer, rows: rows.length, oldestReadAt: now, classifiedAt: now })
}

/** `count` rows with arrivals from `first` on. */
export function numbered(first: number, count: number): Partial<Row>[] {
  return Array.from({ length: count }, (_, place) => ({ arrival: first + place }))
}

export function cancelOf(row: Partial<Row>, change: Partial<Cancel> = {}): Cancel {
  const { time, sequence, price, size, exchange, contract, arrival } = { ...PLAIN, ...row }
  return {
    contract,
    time: time + 1_000,
    sequence: sequence + 1,
    recv: time + 1_010,
    price,
    size,
    exchange,
    removed: { time, sequence, arrival, wasStored: true },
    ...change,
  }
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 40_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export { NONE, PLAIN }
