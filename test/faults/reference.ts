import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '../../src/journal/read-journal.ts'
import { RecordingWriter } from '../../src/recording/write.ts'
import { flow } from '../e2e/flow-process.ts'
import { query } from '../pg/database.ts'
import { drift } from '../rollup/drift.ts'

const MANY_BYTES = 2 ** 40
const DIFFERENCES_SHOWN = 6

/** What tells when a version of an event was written, and nothing of the tape. */
const TABLES: Readonly<Record<string, { readonly without: string[]; readonly key: string }>> = {
  options_flow_history: { without: [], key: 'contract_ticker, timestamp / 10000' },
  flow_cancels: { without: [], key: 'contract_ticker, timestamp / 10000' },
  flow_events: { without: ['recorded_at'], key: 'contract_ticker, started_at / 10000' },
  flow_event_revisions: { without: ['recorded_at'], key: 'contract_ticker, started_at / 10000' },
}

/** The only journal of a data directory. */
export function journalOf(dataDir: string): string {
  const home = join(dataDir, 'journal')
  const names = readdirSync(home)
  if (names.length !== 1) throw new Error(`expected one journal in ${home}, found ${names.length}`)
  return join(home, names[0]!)
}

/** Keeps the segments that there are: the engine drops those that its snapshots do not need. */
export function keepSegments(journal: string, keep: string): void {
  mkdirSync(keep, { recursive: true })
  const kept = new Set(readdirSync(keep))
  for (const name of readdirSync(journal)) {
    if (name.endsWith('.journal') && !kept.has(name))
      linkSync(join(journal, name), join(keep, name))
  }
}

/**
 * Plays the frames of a journal, with the times that they were received at, to an engine that is
 * never disturbed. Gives how many frames there were.
 */
export async function replayJournal(
  journal: string,
  work: string,
  settings: Record<string, string>,
): Promise<number> {
  rmSync(work, { recursive: true, force: true })
  const recording = new RecordingWriter({ dir: work, maxBytes: MANY_BYTES, secrets: [] })
  const problems: string[] = []
  let frames = 0
  for await (const batch of readJournal(journal, null, (problem) => problems.push(problem))) {
    for (const frame of batch) {
      if (frame.bytes.length === 0) continue // time that passed: the clock of the next says so too
      frames++
      // a view into memory that the next batch may use
      if (!recording.write({ ...frame, bytes: Buffer.from(frame.bytes) })) await recording.drained()
    }
  }
  await recording.close()
  if (problems.length > 0) throw new Error(`the journal is not whole: ${problems.join('; ')}`)
  const run = await flow(['replay', recording.path, '--speed', 'max'], settings)
  if (run.code !== 0) throw new Error(`the replay failed:\n${run.said}`)
  return frames
}

/** What differs between two databases, a few lines of each table; none where they are equal. */
export async function differences(url: string, reference: string): Promise<string[]> {
  const found: string[] = []
  // equal rows, and rollups that are their sums: when they were known may differ
  for (const minute of await drift(url)) found.push(`rollups: ${JSON.stringify(minute)}`)
  for (const [table, { without, key }] of Object.entries(TABLES)) {
    const text = `SELECT (${key})::text AS bucket, count(*)::text || ' ' ||
      md5(string_agg(row, chr(10) ORDER BY row)) AS digest
      FROM (SELECT *, (to_jsonb(t) - $1::text[])::text AS row FROM ${table} t) AS rows GROUP BY ${key}`
    const digests = async (of: string): Promise<Map<string, string>> => {
      const rows = await query<{ bucket: string; digest: string }>(of, text, [without])
      return new Map(rows.map(({ bucket, digest }) => [bucket, digest]))
    }
    const [ours, theirs] = [await digests(url), await digests(reference)]
    const buckets = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
      (bucket) => ours.get(bucket) !== theirs.get(bucket),
    )
    if (buckets.length === 0) continue
    const rowsOf = async (of: string): Promise<string[]> => {
      const rows = await query<{ row: string }>(
        of,
        `SELECT (to_jsonb(t) - $1::text[])::text AS row FROM ${table} t
         WHERE (${key})::text = ANY($2) ORDER BY 1`,
        [without, buckets.slice(0, 20)],
      )
      return rows.map(({ row }) => row)
    }
    const [mine, other] = [await rowsOf(url), await rowsOf(reference)]
    const less = (from: string[], rest: string[]): string[] => {
      const counts = Map.groupBy(rest, (row) => row)
      return from.filter((row) => counts.get(row)?.pop() === undefined)
    }
    found.push(
      `${table}: ${buckets.length} buckets differ`,
      ...less(mine, other)
        .slice(0, DIFFERENCES_SHOWN)
        .map((row) => `  only here: ${row}`),
      ...less(other, mine)
        .slice(0, DIFFERENCES_SHOWN)
        .map((row) => `  only in the reference: ${row}`),
    )
  }
  return found
}

/** Rows that are there twice: by sequence and content, and by arrival number. */
export async function storedTwice(url: string): Promise<unknown[]> {
  return query(
    url,
    `SELECT contract_ticker, timestamp, min(sequence), 'sequence' AS by
     FROM options_flow_history WHERE sequence > 0
     GROUP BY contract_ticker, timestamp, sequence, price, size, exchange, conditions
     HAVING count(*) > 1
     UNION ALL
     SELECT contract_ticker, timestamp, min(sequence), 'arrival' FROM options_flow_history
     GROUP BY contract_ticker, timestamp, received_at, arrival HAVING count(*) > 1`,
  )
}
