import type { Aggressiveness, Side, TradeType } from '../domain/labels.ts'

/** What the table holds of a print, as far as a fill needs it. Prices in ticks, NaN for null. */
export type StoredRow = {
  /** Names the row within one transaction. */
  readonly place: string
  /** Vendor time, epoch ms. */
  readonly time: number
  /** Epoch ms; NaN: not received from the feed. */
  readonly receivedAt: number
  /** NaN: none. */
  readonly sequence: number
  readonly arrival: number
  readonly price: number
  /** Contracts. */
  readonly size: number
  readonly exchange: string | null
  readonly conditions: readonly string[]
  readonly side: Side
  /** As the database has it. */
  readonly sentiment: string
  readonly tradeType: TradeType
  readonly aggressiveness: Aggressiveness
  readonly isSweep: boolean
  readonly isUnusual: boolean
  readonly bid: number
  readonly ask: number
  /** -1: none. */
  readonly bidSize: number
  readonly askSize: number
  /** Ms; NaN without a quote. */
  readonly quoteAge: number
  /** Average size over `averageCount` prints, NaN and 0 where there is none. */
  readonly averageSize: number
  readonly averageCount: number
  readonly averageScope: string | null
  /** NaN: not known, of an engine that did not keep it. */
  readonly dayVolume: number
  /** -1: not known. */
  readonly openInterest: number
  readonly multiplier: number
  readonly eventId: string | null
  /** 0 without an event. */
  readonly eventLegs: number
  readonly eventSpan: number
}

/** A cancel on record and the print that it removed. Prices in ticks, NaN for null. */
export type StoredCancel = {
  readonly time: number
  readonly sequence: number
  readonly price: number
  readonly size: number
  readonly exchange: string | null
  /** NaN: it matched no print. */
  readonly removedTime: number
  readonly removedSequence: number
}
