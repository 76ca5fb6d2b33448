import { SENTIMENT_TEXT, type Sentiment } from '../../src/domain/labels.ts'
import type { EngineRow } from './engine.ts'
import { type Weighed, weighedOf } from './rates.ts'
import { both } from './tables.ts'

/** The rows of one print under both rule sets. */
export type LabelledTwice = { readonly seed: EngineRow; readonly opra: EngineRow }

export type SentimentPair = {
  readonly seed: Sentiment
  readonly opra: Sentiment
  readonly premium: number
}

/** For each sentiment under `seed`, what `opra` makes of its prints: of all prints. */
export function crossTab(pairs: readonly SentimentPair[]): Weighed[][] {
  const codes = SENTIMENT_TEXT.map((_, code) => code as Sentiment)
  return codes.map((seed) =>
    codes.map((opra) =>
      weighedOf(
        pairs,
        () => true,
        (pair) => pair.seed === seed && pair.opra === opra,
      ),
    ),
  )
}

/**
 * Lines of a cross table: what `seed` says, then its prints by what `opra` says. What `seed` says
 * of no print has no line.
 */
export function crossRows(prints: readonly LabelledTwice[]): string[][] {
  const pairs = prints.map(({ seed, opra }) => ({
    seed: seed.sentiment,
    opra: opra.sentiment,
    premium: opra.premium,
  }))
  return crossTab(pairs).flatMap((cells, seed) =>
    cells.some(({ prints }) => prints.hits > 0)
      ? [[SENTIMENT_TEXT[seed]!, ...cells.map(both)]]
      : [],
  )
}
