import type { PendingVolume } from './late-volumes.ts'
import type { FillRules } from './rerun.ts'
import type { TapeResult } from './rest-pages.ts'

export type FillerData = {
  /** Holds the password: never logged. */
  readonly databaseUrl: string
  readonly restUrl: string
  readonly apiKey: string
  /** Requests a second; 0: nothing is filled, gaps are counted. */
  readonly perSecond: number
  /** Days, FLOW_RETENTION_DAYS: older gaps are not counted; 0: all are. */
  readonly retentionDays: number
  readonly rules: FillRules
}

export type ToFiller =
  | { readonly kind: 'look' }
  | { readonly kind: 'stop' }
  | ({ readonly kind: 'told' } & Told)

/** Answers `volume`. */
export type Told = {
  readonly gapId: string
  readonly ticker: string
  /** When it was put before the shard, epoch ms; null: it cannot be now. */
  readonly toldAt: number | null
}

/** What a filled contract brought. */
export type FilledContract = {
  readonly ticker: string
  /** New York date, `2026-11-22`. */
  readonly date: string
  /** Contracts of that day that the shards do not know of, below 0 after missed cancels. */
  readonly volume: number
  /** Prints that were put in. */
  readonly prints: number
}

export type FromFiller =
  | ({ readonly kind: 'filled' } & FilledContract)
  /** The shard is to be told; one at a time. */
  | ({ readonly kind: 'volume' } & PendingVolume)
  /** That it was told is on record. */
  | { readonly kind: 'noted'; readonly gapId: string; readonly ticker: string }
  | { readonly kind: 'request'; readonly result: TapeResult }
  /** Gaps that are open, or have ended and are not done. */
  | { readonly kind: 'gaps'; readonly open: number }
  | { readonly kind: 'log'; readonly isWarning: boolean; readonly line: string }
