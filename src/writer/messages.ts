import type { Cancel } from '../slab/cancel.ts'
import type { Definitions } from '../slab/definitions.ts'
import type { Requote } from '../slab/requote.ts'
import type { StoredMark } from '../slab/stored-mark.ts'
import type { StoreReason } from './store-error.ts'

/** A row slab on its way to the database. Times are epoch ms with fractions. */
export type PostedSlab = {
  readonly buffer: ArrayBuffer
  readonly rows: number
  /** When the slab's oldest row was read from the socket; NaN where the source has no such time. */
  readonly oldestReadAt: number
  readonly classifiedAt: number
}

/** An interval in which prints may have been missed; stored by `gapId`, the latest version wins. */
export type Gap = {
  readonly gapId: string
  readonly startedAt: number
  readonly endedAt: number | null
  readonly symbols: readonly string[]
  readonly reason: string
  readonly filled: number
  readonly status: string
}

/** What the percentiles of an underlying count from; the bytes are the shard's. */
export type SizeProfile = {
  readonly symbol: string
  /** New York day that it was taken on, days since 1970-01-01. */
  readonly day: number
  readonly profile: Uint8Array
}

/** What holds for a contract on a New York date (`2026-11-22`); null is not known. */
export type Reference = {
  readonly ticker: string
  readonly date: string
  readonly openInterest: number | null
  /** Shares a contract stands for. */
  readonly multiplier: number | null
}

/**
 * What this process goes on from: the whole state, so that arrival numbers are the same again; only
 * the frames of the journal; or nothing.
 */
export type Resumes = 'state' | 'frames' | 'nothing'

export type WriterData = {
  readonly databaseUrl: string
  /** The engine's rule set, which each row names. */
  readonly rules: 'opra' | 'seed'
  /** FLOW_MIN_SIZE, contracts: what a sweep must come to. */
  readonly minSize: number
  /** Whether it stores a live feed; a replay's end says nothing about the feed. */
  readonly isFeed: boolean
  /** Whether an earlier writer of this process died: it waits for whatever a running one would. */
  readonly isAgain: boolean
  /** What cleanup_old_flow() keeps from now on; null leaves the setting and never drops. */
  readonly retentionDays: number | null
}

/**
 * How the database stands to a mark: it has all that was stored up to it; it is an older copy of
 * itself (a backup); or its rows were removed since.
 */
export type MarkFit = 'fits' | 'behind' | 'emptied'

export type ToWriter =
  /** What comes goes on from here; `newest` of the mark that was gone on from, or -1. */
  | { readonly kind: 'resume'; readonly resumes: Resumes; readonly newest: number }
  /** To be told how the database stands to this. */
  | { readonly kind: 'fit'; readonly stored: StoredMark }
  | { readonly kind: 'definitions'; readonly definitions: Definitions }
  | ({ readonly kind: 'rows' } & PostedSlab)
  | { readonly kind: 'cancels'; readonly cancels: readonly Cancel[] }
  | { readonly kind: 'requotes'; readonly requotes: readonly Requote[] }
  | { readonly kind: 'gaps'; readonly gaps: readonly Gap[] }
  | { readonly kind: 'profiles'; readonly profiles: readonly SizeProfile[] }
  | { readonly kind: 'references'; readonly references: readonly Reference[] }
  /** Everything received before this moment, epoch ms, has been posted, or is accounted for. */
  | { readonly kind: 'mark'; readonly receivedTo: number }
  /** To be told when all that was posted before is stored. */
  | { readonly kind: 'settle'; readonly settle: number }
  | { readonly kind: 'drain'; readonly drain: number }
  | { readonly kind: 'stop' }

/** The last sign of life of the feed's writer before this one, of any process. */
export type PreviousWriter = { readonly receivedTo: number; readonly drained: boolean }

/** What the database holds that a start goes on from. */
export type StoredBefore = {
  /** Names this database among all others, for as long as its settings live. */
  readonly databaseId: string
  /** Null on a new database. */
  readonly previous: PreviousWriter | null
  /** Of all underlyings; none where no live feed is stored. */
  readonly profiles: readonly Pick<SizeProfile, 'symbol' | 'profile'>[]
  /** Of this and of earlier New York dates; none where no live feed is stored. */
  readonly references: readonly Reference[]
}

/** What one commit brought. Durations in ms; `slabs` are those whose last row is now stored. */
export type Committed = {
  readonly batch: number
  /** StoredMark.newest. */
  readonly newest: number
  readonly rows: number
  /** Rows that PostgreSQL refuses for what they hold. They are not in `rows`. */
  readonly setAside: number
  /** Rows that an earlier process had stored already. They are not in `rows`. */
  readonly repeated: number
  readonly bytes: number
  readonly cancels: number
  /** Late quotes that were posted, and rows that they changed. */
  readonly requotes: number
  readonly revised: number
  readonly slabs: readonly PostedSlab[]
  /** All settles up to this one are done; 0: none was in it. */
  readonly settles: number
  readonly encodeMs: number
  readonly copyMs: number
  readonly commitMs: number
  /** Epoch ms with fractions. */
  readonly committedAt: number
}

export type StoreError = { readonly reason: StoreReason; readonly message: string }

/** A change of state: the writer waits for the database, or stores again after `waitedMs`. */
export type Waiting =
  | ({ readonly state: 'waiting' } & StoreError)
  | { readonly state: 'storing'; readonly waitedMs: number }

export type FromWriter =
  | ({ readonly kind: 'ready'; readonly writer: string } & StoredBefore)
  | { readonly kind: 'fitted'; readonly fit: MarkFit }
  | ({ readonly kind: 'committed' } & Committed)
  | ({ readonly kind: 'store-error' } & StoreError)
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'refused'; readonly message: string }
  /** All drains up to this number are done. */
  | { readonly kind: 'drained'; readonly drain: number }
