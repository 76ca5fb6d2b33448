/** One WebSocket message as it was received, from a live feed, a recording or a flat file. */
export type RecordedFrame = {
  /** Receive time, epoch ms; NaN: the source has none. */
  readonly recv: number
  /** Reading clock, monotonic ms; NaN: the source has none. */
  readonly clock: number
  /** Index of the feed connection. */
  readonly connection: number
  readonly bytes: Uint8Array
  readonly isBinary: boolean
}

/** What a reader tells its caller while it reads; both are optional. */
export type ReadOptions = {
  /** A part of the source that was left out, in words for a user. The rest is still read. */
  readonly onProblem?: (problem: string) => void
  /** Bytes of the file that are done, of all of them. */
  readonly onProgress?: (done: number, total: number) => void
}
