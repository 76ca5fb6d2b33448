import type { Cancel } from '../slab/cancel.ts'
import type { ShardDefinitions, UnderlyingProfile } from '../slab/definitions.ts'
import type { Requote } from '../slab/requote.ts'
import type { FilledRows } from './row-sink.ts'

/** Size profiles that one call brings at most: each costs some 50 us. */
export const PROFILES_A_CALL = 64

/** One call of a shard. Buffers in it are moved. */
export type ShardTask = {
  /** What it goes on from, with the first call only; null: nothing. Bytes of `Classifier.save`. */
  readonly restored: Uint8Array<ArrayBuffer> | null
  /** New contracts and condition lists that the slab uses, or null. */
  readonly definitions: ShardDefinitions | null
  /** Event slab, or null for a call that only makes room or passes time. */
  readonly slab: ArrayBuffer | null
  readonly from: number
  readonly rows: number
  /** Reading clock of each connection as of the slab's sealing; NaN: none. */
  readonly clocks: Float64Array
  /** Empty row slabs for the shard to fill. */
  readonly rowSlabs: readonly ArrayBuffer[]
  /** Nothing more will come: close every window. */
  readonly isDrain: boolean
  /** Whether its state is wanted once the slab is done and no row waits. */
  readonly wantsState: boolean
  /** Whether the size profiles that have changed are wanted. */
  readonly wantsProfiles: boolean
}

export type ShardResult = {
  readonly slab: ArrayBuffer | null
  /** Row to go on from; equal to the task's rows when the slab is done. */
  readonly next: number
  readonly filled: readonly FilledRows[]
  /** To be applied after `filled`. */
  readonly cancels: readonly Cancel[]
  /** The same, ahead of the cancels. */
  readonly requotes: readonly Requote[]
  /** When they were wanted; PROFILES_A_CALL of them: there may be more. */
  readonly profiles: readonly UnderlyingProfile[]
  /** counts.ts */
  readonly counts: Float64Array
  readonly premium: Float64Array
  /** Prints held now, waiting rows among them. */
  readonly held: number
  /** Those of them that wait for an NBBO over REST. */
  readonly pending: number
  /** Prints that were held in the state it was restored from, with the first call. */
  readonly heldBefore: number
  /** When it was wanted and could be given: as of the end of this call. */
  readonly state: Uint8Array<ArrayBuffer> | null
  /** ms that it took to save the state; 0 without. */
  readonly saveMs: number
  /** Whether final rows wait for a row slab. */
  readonly isWaiting: boolean
  /** Empty row slabs that the shard keeps. */
  readonly empties: number
  /** When the slab was done, epoch ms. */
  readonly classifiedAt: number
}
