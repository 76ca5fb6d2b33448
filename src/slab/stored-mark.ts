/** How far a writer had stored: what a saved state takes to be in the table. */
export type StoredMark = {
  /** Name of the writer in flow_batches, and its batch. */
  readonly writer: string
  readonly batch: number
  /** Vendor time of the newest row that was stored up to then, epoch ms; -1: none was. */
  readonly newest: number
}
