/** A cancel message and the print that it removed, for flow_cancels and for the row's deletion. */
export type Cancel = {
  /** Contract id of the engine. */
  readonly contract: number
  /** The message's own vendor time, sequence (NaN: none) and receive time (NaN: none). */
  readonly time: number
  readonly sequence: number
  readonly recv: number
  /** Ticks, contracts, exchange id: those of the message and of the print alike. */
  readonly price: number
  readonly size: number
  readonly exchange: number
  /** Null: no print of that day matched. */
  readonly removed: RemovedPrint | null
}

export type RemovedPrint = {
  readonly time: number
  readonly sequence: number
  readonly arrival: number
  /** Whether its row went to the writer. */
  readonly wasStored: boolean
}
