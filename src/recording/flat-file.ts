import { type Info, parse } from 'csv-parse'
import { type Fields, FlatColumns } from './flat-columns.ts'
import type { ReadOptions, RecordedFrame } from './frame.ts'

/**
 * A day has 6 to 12 million rows at 44 bytes each in memory (64 while they are sorted). A file
 * with more rows than this is refused before it exhausts the machine.
 */
export const FLAT_ROWS_MAX = 30_000_000
/** Characters of a wrong header that an error shows. */
const HEADER_SHOWN_MAX = 300
const EVENTS_PER_FRAME = 64
const FRAMES_PER_BATCH = 64
/** Prints further apart than this come in frames of their own, so that a tape can be paced. */
const FRAME_SPAN_MS = 100

const REQUIRED = ['ticker', 'price', 'sip_timestamp', 'size'] as const

/** Reads the vendor's flat file trades_v1 (columns by header name) into columns, sorted by time. */
export async function loadFlatFile(
  chunks: AsyncIterable<Buffer>,
  options: ReadOptions,
  rowsMax: number = FLAT_ROWS_MAX,
): Promise<FlatColumns> {
  const rows = new FlatColumns()
  for await (const batch of flatFileRows(chunks, options)) {
    for (const fields of batch) {
      if (rows.count >= rowsMax) throw new Error(tooMany(rowsMax))
      rows.push(fields)
    }
  }
  rows.sort()
  return rows
}

/**
 * The rows of the vendor's flat file trades_v1 as texts (columns by header name), in the order of
 * the file, a few at a time. Throws for a header that is no such file's.
 */
export async function* flatFileRows(
  chunks: AsyncIterable<Buffer>,
  options: ReadOptions,
): AsyncGenerator<readonly Fields[]> {
  let batch: Fields[] = []
  let columns: ColumnIndex | null = null
  let failure: Error | null = null
  const onRecord = (record: string[]): null => {
    if (columns === null) columns = columnsOf(record)
    else batch.push(columns.map((at) => (at < 0 ? '' : (record[at] ?? ''))) as Fields)
    return null
  }
  const parser = parse({
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: 1 << 20,
    on_record: onRecord as (record: string[], info: Info) => null,
  })
  parser.on('error', (error) => {
    failure = error
  })
  const ended = new Promise<void>((resolve) => {
    parser.once('close', resolve)
    parser.once('end', resolve)
  })
  const take = (): readonly Fields[] => {
    const taken = batch
    batch = []
    return taken
  }
  parser.resume()
  try {
    for await (const chunk of chunks) {
      const written = new Promise<void>((resolve) => parser.write(chunk, () => resolve()))
      await Promise.race([written, ended])
      if (failure !== null) throw failure
      if (batch.length > 0) yield take()
    }
    parser.end()
    await ended
    if (failure !== null) throw failure
    if (columns === null) options.onProblem?.('the flat file has no header')
    if (batch.length > 0) yield take()
  } finally {
    parser.destroy()
  }
}

function tooMany(rowsMax: number): string {
  return `more than ${rowsMax} rows: split the file by ticker or by hour`
}

type ColumnIndex = readonly number[]

function columnsOf(header: readonly string[]): ColumnIndex {
  const names = header.map((name) => name.trim().toLowerCase())
  const missing = REQUIRED.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    const has = names.join(', ')
    const shown = has.length > HEADER_SHOWN_MAX ? `${has.slice(0, HEADER_SHOWN_MAX)}...` : has
    throw new Error(
      `no flat file trades_v1: the header lacks ${missing.join(', ')} (it has ${shown})`,
    )
  }
  const wanted = ['ticker', 'conditions', 'exchange', 'price', 'sip_timestamp', 'size']
  return wanted.map((name) => names.indexOf(name))
}

/**
 * The rows as vendor frames, so that they pass the same decoder as a live feed. A flat file has no
 * sequence, no receive time and no reading clock.
 */
export function* flatFileFrames(
  rows: FlatColumns,
): Generator<{ readonly frames: readonly RecordedFrame[]; readonly rowsDone: number }> {
  const rowsPerBatch = EVENTS_PER_FRAME * FRAMES_PER_BATCH
  for (let start = 0; start < rows.count; start += rowsPerBatch) {
    const frames: RecordedFrame[] = []
    const end = Math.min(start + rowsPerBatch, rows.count)
    for (let at = start; at < end; ) {
      const frameEnd = Math.min(at + EVENTS_PER_FRAME, end)
      const timeMax = rows.time(at) + FRAME_SPAN_MS
      const events: string[] = []
      while (at < frameEnd && rows.time(at) <= timeMax) events.push(rows.event(at++))
      const bytes = Buffer.from(`[${events.join(',')}]`)
      frames.push({ recv: NaN, clock: NaN, connection: 0, bytes, isBinary: false })
    }
    yield { frames, rowsDone: end }
  }
}
