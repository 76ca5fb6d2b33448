import type { Cancel } from '../slab/cancel.ts'
import type { Definitions } from '../slab/definitions.ts'
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

export type WriterData = {
  readonly databaseUrl: string
  /** Whether it stores a live feed; a replay's end says nothing about the feed. */
  readonly isFeed: boolean
  /** What cleanup_old_flow() keeps from now on; null leaves the setting and never drops. */
  readonly retentionDays: number | null
}

export type ToWriter =
  | { readonly kind: 'definitions'; readonly definitions: Definitions }
  | ({ readonly kind: 'rows' } & PostedSlab)
  | { readonly kind: 'cancels'; readonly cancels: readonly Cancel[] }
  | { readonly kind: 'gaps'; readonly gaps: readonly Gap[] }
  /** Everything received before this moment, epoch ms, has been posted, or is accounted for. */
  | { readonly kind: 'mark'; readonly receivedTo: number }
  | { readonly kind: 'drain'; readonly drain: number }
  | { readonly kind: 'stop' }

/** The last sign of life of the feed's writer before this one, of any process. */
export type PreviousWriter = { readonly receivedTo: number; readonly drained: boolean }

/** What one commit brought. Durations in ms; `slabs` are those whose last row is now stored. */
export type Committed = {
  readonly batch: number
  readonly rows: number
  /** Rows that PostgreSQL refuses for what they hold. They are not in `rows`. */
  readonly setAside: number
  /** Rows that an earlier process had stored already. They are not in `rows`. */
  readonly repeated: number
  readonly bytes: number
  readonly cancels: number
  readonly slabs: readonly PostedSlab[]
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
  | { readonly kind: 'ready'; readonly previous: PreviousWriter | null }
  | ({ readonly kind: 'committed' } & Committed)
  | ({ readonly kind: 'store-error' } & StoreError)
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'refused'; readonly message: string }
  /** All drains up to this number are done. */
  | { readonly kind: 'drained'; readonly drain: number }
