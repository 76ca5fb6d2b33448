/**
 * Evidence from outside the feed as text frames of our own, which are read, recorded and replayed
 * in order with the vendor's. Times are epoch ms, prices dollars.
 */

/** The NBBO over REST for a print of `ticker` at `at`; `quote` null: there is no answer. */
export type NbboAnswer = {
  readonly ticker: string
  /** Vendor time of the print that was asked about. */
  readonly at: number
  readonly quote: {
    /** Vendor time of the quote, not after `at`. It was in force until then. */
    readonly time: number
    readonly bid: number
    readonly ask: number
    readonly bidSize?: number
    readonly askSize?: number
    readonly bidExchange?: number
    readonly askExchange?: number
  } | null
}

/** What holds for a contract on one New York date (`2026-11-22`). */
export type ContractReference = {
  readonly ticker: string
  readonly date: string
  readonly openInterest?: number
  /** Shares a contract stands for. */
  readonly multiplier?: number
}

export type UnderlyingPrice = {
  readonly symbol: string
  readonly price: number
  readonly time: number
  readonly source: 'stocks' | 'indices'
}

/** Contracts that were traded on a New York date and that the feed did not bring. */
export type FilledVolume = {
  readonly ticker: string
  readonly date: string
  /** Below 0 where cancels were missed. */
  readonly volume: number
}

/** What every frame of evidence begins with; no event of the vendor has a dot in its name. */
export const EVIDENCE_HEAD = '[{"ev":"flow.'

/** Stands in a journal where every window was closed: the frames before it were drained. */
export const DRAIN_FRAME = Buffer.from('[{"ev":"flow.drain"}]')

export function encodeNbbo(answers: readonly NbboAnswer[]): Buffer {
  return frameOf(
    answers.map(({ ticker, at, quote }) => ({
      ev: 'flow.nbbo',
      sym: ticker,
      at,
      t: quote?.time,
      bp: quote?.bid,
      ap: quote?.ask,
      bs: quote?.bidSize,
      as: quote?.askSize,
      bx: quote?.bidExchange,
      ax: quote?.askExchange,
    })),
  )
}

export function encodeReferences(references: readonly ContractReference[]): Buffer {
  return frameOf(
    references.map(({ ticker, date, openInterest, multiplier }) => ({
      ev: 'flow.contract',
      sym: ticker,
      date,
      oi: openInterest,
      mult: multiplier,
    })),
  )
}

export function encodeUnderlying(prices: readonly UnderlyingPrice[]): Buffer {
  return frameOf(
    prices.map(({ symbol, price, time, source }) => ({
      ev: 'flow.underlying',
      sym: symbol,
      p: price,
      t: time,
      src: source,
    })),
  )
}

export function encodeVolumes(volumes: readonly FilledVolume[]): Buffer {
  return frameOf(
    volumes.map(({ ticker, date, volume }) => ({ ev: 'flow.volume', sym: ticker, date, volume })),
  )
}

/** `events` must not be empty; what is undefined is left out. */
function frameOf(events: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify(events))
}
