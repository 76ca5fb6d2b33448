import type { Snapshot } from '../journal/snapshot-file.ts'
import { UnusedProfiles } from '../reader/unused-profiles.ts'
import type { ClassifierOptions } from '../shard/classifier.ts'
import type { ShardResult } from '../shard/task.ts'
import type { Writer } from '../writer/handle.ts'
import type { Limits } from './limits.ts'

export type PipelineOptions = {
  readonly watched: ReadonlySet<string> | '*'
  readonly shards: number
  readonly connections: number
  readonly limits: Limits
  readonly classifier: Omit<ClassifierOptions, 'heldMax' | 'printLogRows' | 'quoteRowsMax'>
  /** What earlier sessions have learnt of the sizes of each underlying; a state has its own. */
  readonly profiles?: ReadonlyMap<string, Uint8Array>
  /** What an earlier process saved of the same options; its bytes are given away. */
  readonly restored?: PipelineState | null
  readonly writer: Pick<Writer, 'define' | 'post' | 'cancel' | 'requote'>
  readonly onStatus: (connection: number, status: string, message: string) => void
  readonly onData: (connection: number) => void
  readonly onBlocked: () => void
  readonly onUnblocked: () => void
  /** Rows, cancels and counts of one call of a shard; the rows have not been posted yet. */
  readonly onResult: (result: ShardResult, readAt: number, shard: number) => void
  /** Now and then: ms from the vendor's stamp to our receipt of a frame's first event. */
  readonly onLag: (ms: number) => void
  readonly onError: (error: unknown) => void
}

/** All that the pipeline knows between two frames. */
export type PipelineState = Pick<Snapshot, 'dictionary' | 'profiles' | 'shards' | 'clocks'>

/** A state, and how many ms each shard stood still for it. */
export type SavedPipeline = PipelineState & {
  readonly saveMs: readonly number[]
  /** Prints that are held in it. */
  readonly held: number
}

/** Those of the state, which the frames behind it have not taught; else those that are given. */
export function profilesFor({ restored, profiles }: PipelineOptions): UnusedProfiles {
  if (restored === undefined || restored === null) return new UnusedProfiles(profiles ?? [])
  return UnusedProfiles.load(restored.profiles)
}

/** A copy of bytes that may be a view into others, to be moved to a thread. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { byteOffset, buffer } = bytes
  const isWhole = byteOffset === 0 && buffer.byteLength === bytes.length
  return isWhole && buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : bytes.slice()
}
