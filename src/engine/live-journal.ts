import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { FolderInUseError } from '../journal/folder-lock.ts'
import { Journal } from '../journal/journal.ts'
import { listSegments, type Position, placeOf } from '../journal/position.ts'
import type { JournalFrame } from '../journal/record.ts'
import {
  readSnapshot,
  type Snapshot,
  type SnapshotHeader,
  type SnapshotPlace,
} from '../journal/snapshot-file.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { isEvidence } from '../reader/evidence-decode.ts'
import { spellingsOf } from '../recording/redact.ts'
import type { Writer } from '../writer/handle.ts'
import type { Resumes } from '../writer/messages.ts'
import { snapshotHeader } from './engine-rules.ts'
import type { Meter, MeterMark } from './meter.ts'

/** A shorter one could be part of a price or a time; the vendor is never told it anyway. */
const TOKEN_LENGTH_MIN = 16
const MIB = 1024 * 1024
const NO_STATE = -1
/** Engines that may share one data directory and one database. */
const SHARERS_MAX = 8

export type LiveJournalOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly log: Log
  readonly metrics: Metrics
  /** Each database has a journal of its own: a state says what is in the table. */
  readonly databaseId: string
}

type Found = {
  readonly snapshot: Snapshot | null
  /** Where the frames begin that a start has to read; null: with the first there is. */
  readonly from: Position | null
  readonly resumes: Resumes
}

/** The journal of the live engine, and what an earlier process has left in it. */
export class LiveJournal {
  readonly journal: Journal
  readonly dir: string
  #found: Found
  #isUsed = false
  /** By place of the snapshot (NO_STATE: none): what had been counted up to there. */
  readonly #marks = new Map<number, MeterMark>()
  /** By connection, epoch ms: the last vendor's frame that was read again. */
  readonly lastRecv = new Map<number, number>()
  readonly #log: Log
  /** By connection, ms. */
  readonly #clocks = new Map<number, number>()

  private constructor(dir: string, journal: Journal, log: Log, found: Found) {
    this.dir = dir
    this.journal = journal
    this.#log = log
    this.#found = found
    for (const [connection, clock] of found.snapshot?.clocks.entries() ?? []) {
      this.#sawClock(connection, clock)
    }
  }

  /**
   * Takes the journal that the data directory has for this database. Throws when too many engines
   * share it, and when it cannot be read or written.
   */
  static async open(options: LiveJournalOptions): Promise<LiveJournal> {
    const { config, databaseId, log } = options
    for (let sharer = 1; ; sharer++) {
      const name = sharer === 1 ? databaseId : `${databaseId}.${sharer}`
      try {
        return await openIn(join(config.dataDir, 'journal', name), options)
      } catch (error) {
        if (!(error instanceof FolderInUseError)) throw unusable(config.dataDir, error as Error)
        if (sharer === SHARERS_MAX) throw error
        log.warn(`${error.message}. Until then this one keeps a journal beside it`)
      }
    }
  }

  static of(dir: string, journal: Journal, log: Log, found: Found): LiveJournal {
    return new LiveJournal(dir, journal, log, found)
  }

  /**
   * What suits the database of what was found, the first time; later, when the engine is built
   * again, the newest state that this process has gone on from or saved. Tells the writer what its
   * rows go on from, and the meter where to count from. Throws when there is none any more.
   */
  async goOnFrom(writer: Writer, meter: Meter): Promise<Snapshot | null> {
    if (this.#isUsed) await this.#lookAgain()
    else await this.#suit(writer)
    const { snapshot, resumes } = this.#found
    if (this.#isUsed) meter.goBack(this.#marks.get(this.#place)!)
    else this.#marks.set(this.#place, { parts: [], isStart: true })
    this.#isUsed = true
    writer.resume(resumes, snapshot?.stored.newest ?? -1)
    this.#found = { ...this.#found, snapshot: null } // large, and given away
    return snapshot
  }

  /** Goes on without the snapshot, which turned out not to fit: from all frames that there are. */
  forget(): void {
    this.#found = { snapshot: null, from: null, resumes: 'frames' }
    this.#isUsed = false
    this.#marks.clear()
  }

  /** A snapshot was written, and this had been counted up to it. The two newest are kept. */
  saved(position: Position, mark: MeterMark): void {
    for (const place of [...this.#marks.keys()].slice(0, -1)) this.#marks.delete(place)
    this.#marks.set(placeOf(position), mark)
  }

  /** Behind the state that was gone on from; null: from the first frame there is. */
  get from(): Position | null {
    return this.#found.from
  }

  /** Whether it goes on from a state. */
  get hasState(): boolean {
    return this.#found.resumes === 'state' && this.#found.from !== null
  }

  /** What the reading clock of a connection goes on from, ms. */
  clockOf(connection: number): number {
    return this.#clocks.get(connection) ?? Math.max(0, ...this.#clocks.values())
  }

  /** A frame that is read again. */
  saw({ bytes, recv, clock, connection }: JournalFrame): void {
    this.#sawClock(connection, clock)
    if (bytes.length > 0 && !isEvidence(bytes)) this.lastRecv.set(connection, recv)
  }

  /** The reading clocks as far as they are known, ms; NaN: a connection that has none. */
  get clocks(): number[] {
    const last = Math.max(-1, ...this.#clocks.keys())
    return Array.from({ length: last + 1 }, (_, i) => this.#clocks.get(i) ?? Number.NaN)
  }

  /** Of the state that is gone on from. */
  get #place(): number {
    const { snapshot } = this.#found
    return snapshot === null ? NO_STATE : placeOf(snapshot.position)
  }

  async #suit(writer: Writer): Promise<void> {
    const { snapshot } = this.#found
    const fit = snapshot === null ? 'fits' : await writer.fitOf(snapshot.stored)
    if (fit === 'emptied') {
      this.#log.warn('the saved state is left out: its rows were removed from the database')
      // prints that were held are in the state alone: they come again with the frames
      const from = snapshot!.held === 0 ? snapshot!.position : null
      this.#found = { from, snapshot: null, resumes: 'frames' }
    } else if (fit === 'behind') {
      this.#log.warn('the saved state is left out: the database is an older copy of itself')
      this.forget()
    }
  }

  async #lookAgain(): Promise<void> {
    const fits = ({ position }: SnapshotPlace): string | null =>
      this.#marks.has(placeOf(position)) ? null : 'it is not of this process'
    const snapshot = await readSnapshot(this.dir, fits, () => {})
    if (snapshot !== null) {
      this.#found = { snapshot, from: snapshot.position, resumes: 'state' }
    } else if (!this.#marks.has(NO_STATE)) {
      throw new Error(`no saved state of ${this.dir} can be read`)
    } else if (this.#found.resumes === 'nothing') {
      // it began with nothing at all, so the frames since are all there is
      this.#found = { ...this.#found, resumes: 'state' }
    }
  }

  #sawClock(connection: number, clock: number): void {
    if (clock > (this.#clocks.get(connection) ?? 0)) this.#clocks.set(connection, clock)
  }
}

/** Throws FolderInUseError when another engine has it. */
async function openIn(
  dir: string,
  { config, apiKey, log, metrics }: LiveJournalOptions,
): Promise<LiveJournal> {
  const leftOut: SnapshotPlace[] = []
  let isFirst = true
  const snapshot = await readSnapshot(
    dir,
    (place) => {
      const why = misfit(place.header, snapshotHeader(config))
      if (why !== null) leftOut.push(place)
      return why
    },
    (problem) => {
      isFirst = false
      log.warn(problem)
    },
  )
  let isTroubled = false
  const journal = await Journal.open(dir, {
    maxBytes: config.journalMaxMib * MIB,
    syncMs: config.journalSyncMs,
    secrets: secretsIn(apiKey, config.httpToken ?? ''),
    after: snapshot?.position ?? leftOut[0]?.position ?? null,
    onTrouble: (error) => {
      if (error !== null) log.error(`${error.message}; nothing is read until it works again`)
      else if (isTroubled) log.info('the journal works again')
      isTroubled = error !== null
    },
    onProblem: (problem) => log.warn(`journal: ${problem}`),
  })
  metrics.spoolBytes.set(journal.bytes)
  const [first] = await listSegments(dir)
  let resumes: Resumes = 'nothing'
  if (snapshot !== null) resumes = 'state'
  // all that there ever was: from it the state comes out as it was
  else if (journal.bytes > 0) resumes = isFirst && first?.segment === 1 ? 'state' : 'frames'
  // made with other settings while nothing was held: all before it is stored
  const done = leftOut[0]?.held === 0 ? leftOut[0].position : null
  const from = snapshot?.position ?? done
  return LiveJournal.of(dir, journal, log, { snapshot, from, resumes })
}

function unusable(dataDir: string, cause: Error): Error {
  const what = `the journal of what is received cannot be kept in ${dataDir}: ${cause.message}`
  const action = 'make the directory writable, or set FLOW_DATA_DIR to one that is'
  return new Error(`${what}; ${action}`, { cause })
}

/** Texts of a frame that the journal never holds, also where they were put into JSON twice. */
function secretsIn(apiKey: string, httpToken: string): string[] {
  const secrets = httpToken.length < TOKEN_LENGTH_MIN ? [apiKey] : [apiKey, httpToken]
  const once = secrets.flatMap((secret) => spellingsOf(secret).map(String))
  const twice = once.flatMap((text) => spellingsOf(text).map(String))
  return [...new Set([...once, ...twice])].sort((a, b) => b.length - a.length)
}

/** What differs, in words; null: nothing. */
function misfit(theirs: SnapshotHeader, ours: SnapshotHeader): string | null {
  for (const key of Object.keys(ours) as (keyof SnapshotHeader)[]) {
    const [was, is] = [JSON.stringify(theirs[key]), JSON.stringify(ours[key])]
    if (was !== is) return `it was made with ${key} ${was}, now it is ${is}`
  }
  return null
}
