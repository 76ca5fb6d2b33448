import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { FolderInUseError } from '../journal/folder-lock.ts'
import { Journal } from '../journal/journal.ts'
import { listSegments, type Position } from '../journal/position.ts'
import { readJournal } from '../journal/read-journal.ts'
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
import { snapshotHeader } from './engine.ts'
import type { FeedGate } from './feed-gate.ts'
import type { Pipeline } from './pipeline.ts'

/** A shorter one could be part of a price or a time; the vendor is never told it anyway. */
const TOKEN_LENGTH_MIN = 16
const MIB = 1024 * 1024
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
        if (!(error instanceof FolderInUseError) || sharer === SHARERS_MAX) throw error
        log.warn(`${error.message}. Until then this one keeps a journal beside it`)
      }
    }
  }

  static of(dir: string, journal: Journal, log: Log, found: Found): LiveJournal {
    return new LiveJournal(dir, journal, log, found)
  }

  /** What was found and suits the database; tells the writer what its rows go on from. */
  async goOnFrom(writer: Writer): Promise<Snapshot | null> {
    const { snapshot } = this.#found
    const fit = snapshot === null ? 'fits' : await writer.fitOf(snapshot.stored)
    if (fit === 'emptied') {
      this.#log.warn('the saved state is left out: its rows were removed from the database')
      this.#found = { ...this.#found, snapshot: null, resumes: 'frames' }
    } else if (fit === 'behind') {
      this.#log.warn('the saved state is left out: the database is an older copy of itself')
      this.forget()
    }
    writer.resume(this.#found.resumes, this.#found.snapshot?.stored.newest ?? -1)
    return this.#found.snapshot
  }

  /** Goes on without the snapshot, which turned out not to fit: from all frames that there are. */
  forget(): void {
    this.#found = { snapshot: null, from: null, resumes: 'frames' }
  }

  /** Of the state that is gone on from; null: none is. */
  get statePosition(): Position | null {
    return this.#found.snapshot?.position ?? null
  }

  /** What the reading clock of a connection goes on from, ms. */
  clockOf(connection: number): number {
    return this.#clocks.get(connection) ?? Math.max(0, ...this.#clocks.values())
  }

  /**
   * Puts the frames behind the snapshot through the pipeline again. False: told to stop on the way,
   * and the next start does it anew.
   */
  async replay(pipeline: Pipeline, gate: FeedGate, signal: AbortSignal): Promise<boolean> {
    const startedAt = performance.now()
    let frames = 0
    const { from, snapshot } = this.#found
    const onProblem = (problem: string): void => this.#log.warn(`journal: ${problem}`)
    for await (const batch of readJournal(this.dir, from, onProblem)) {
      for (const { bytes, isBinary, recv, clock, connection } of batch) {
        this.#sawClock(connection, clock)
        if (bytes.length === 0) continue // time that passed
        while (pipeline.isBlocked && !signal.aborted) await releasedOr(gate, signal)
        if (signal.aborted) return false
        pipeline.push(bytes, isBinary, { recv, clock, connection, readAt: Date.now() })
        if (!isEvidence(bytes)) this.lastRecv.set(connection, recv)
        frames++
      }
      await nextTurn() // the shards' answers
    }
    while (pipeline.isBlocked && !signal.aborted) await releasedOr(gate, signal)
    if (signal.aborted) return false
    pipeline.passTime([...this.#clocksInOrder()])
    if (frames > 0 || snapshot !== null) {
      const ms = Math.round(performance.now() - startedAt)
      this.#log.info('journal read again', { frames, ms, from_state: snapshot !== null })
    }
    this.#found = { ...this.#found, snapshot: null } // large, and of no more use
    return true
  }

  #sawClock(connection: number, clock: number): void {
    if (clock > (this.#clocks.get(connection) ?? 0)) this.#clocks.set(connection, clock)
  }

  *#clocksInOrder(): Generator<number> {
    const last = Math.max(-1, ...this.#clocks.keys())
    for (let i = 0; i <= last; i++) yield this.#clocks.get(i) ?? Number.NaN
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

async function releasedOr(gate: FeedGate, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([gate.released, promise])
  signal.removeEventListener('abort', stop)
}

/** Texts of a frame that the journal never holds, also where they were put into JSON twice. */
function secretsIn(apiKey: string, httpToken: string): string[] {
  const secrets = httpToken.length < TOKEN_LENGTH_MIN ? [apiKey] : [apiKey, httpToken]
  const once = secrets.flatMap((secret) => spellingsOf(secret).map(String))
  const twice = once.flatMap((text) => spellingsOf(text).map(String))
  return [...new Set([...once, ...twice])].sort((a, b) => b.length - a.length)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What differs, in words; null: nothing. */
function misfit(theirs: SnapshotHeader, ours: SnapshotHeader): string | null {
  for (const key of Object.keys(ours) as (keyof SnapshotHeader)[]) {
    const [was, is] = [JSON.stringify(theirs[key]), JSON.stringify(ours[key])]
    if (was !== is) return `it was made with ${key} ${was}, now it is ${is}`
  }
  return null
}
