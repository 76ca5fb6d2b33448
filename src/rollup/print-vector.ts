import { Aggressiveness, Sentiment, Side } from '../domain/labels.ts'
import { VECTOR_COLUMNS, type VectorColumn } from './vector.ts'

/**
 * Where in the vector a print counts by its labels, beside trades, volume and premium, which every
 * print adds to. Places are those of VECTOR_COLUMNS; NOWHERE is the one behind them, so that the
 * loop over the rows needs no branch: random labels would make it guess wrong most of the time.
 */
export const NOWHERE = VECTOR_COLUMNS.length

/** Places per combination of labels, and what each of them takes. */
export const PLACES = 8
export const TYPE_COUNT = 0
export const TYPE_PREMIUM = 1
export const CALL_VOLUME = 2
export const CALL_PREMIUM = 3
export const SIDE_VOLUME = 4
export const SIDE_PREMIUM = 5
export const LEAN_PREMIUM = 6
export const AGGRESSIVENESS_PREMIUM = 7

const TYPES = ['sweep', 'block', 'split', 'large'] as const
const KEYS = 8 << 7

/** PLACES of each combination of labels, at its placesAt(). */
export const LABEL_PLACES = Uint8Array.from({ length: KEYS * PLACES }, (_, at) => {
  return placesOfKey(Math.floor(at / PLACES))[at % PLACES]!
})

/** Where in LABEL_PLACES the places of a print with these labels begin. */
export function placesAt(
  tradeType: number,
  sentiment: number,
  aggressiveness: number,
  side: number,
  isCall: boolean,
): number {
  const labels = (tradeType << 6) | (sentiment << 4) | (aggressiveness << 2) | side
  return ((labels << 1) | (isCall ? 1 : 0)) * PLACES
}

/** flow_print_vector() of the database, in JavaScript. */
function placesOfKey(key: number): number[] {
  const isCall = (key & 1) === 1
  const side = (key >> 1) & 3
  const aggressiveness = (key >> 3) & 3
  const sentiment = (key >> 5) & 3
  const type = TYPES[key >> 7]
  const isTaken = side === Side.Buy || side === Side.Sell
  const taker = side === Side.Buy ? 'buy' : 'sell'
  const lean = sentiment === Sentiment.Bullish ? 'bullish' : 'bearish'
  const manner = aggressiveness === Aggressiveness.Aggressive ? 'aggressive' : 'passive'
  return [
    placeIf(type !== undefined, `${type ?? 'sweep'}_count`),
    placeIf(type !== undefined, `${type ?? 'sweep'}_premium`),
    placeIf(isCall, 'call_volume'),
    placeIf(isCall, 'call_premium'),
    placeIf(isTaken, `${taker}_volume`),
    placeIf(isTaken, `${taker}_premium`),
    placeIf(isTaken && sentiment !== Sentiment.Neutral, `${lean}_premium`),
    placeIf(isTaken && aggressiveness !== Aggressiveness.Normal, `${manner}_premium`),
  ]
}

function placeIf(counts: boolean, column: VectorColumn): number {
  return counts ? VECTOR_COLUMNS.indexOf(column) : NOWHERE
}
