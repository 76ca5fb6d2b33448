import { PERCENTILE_NONE } from '../domain/size-profiles.ts'
import { TICKS_PER_DOLLAR } from '../domain/ticks.ts'
import { FrameDecoder } from '../reader/decode.ts'
import { Dictionary } from '../reader/dictionary.ts'
import { type ContractReference, encodeReferences } from '../reader/evidence.ts'
import { Router, type SealedSlab } from '../reader/router.ts'
import { Classifier } from '../shard/classifier.ts'
import type { Rules } from '../shard/labeller.ts'
import type { Cancel } from '../slab/cancel.ts'
import { CONDITION_SET_NONE, type Definitions } from '../slab/definitions.ts'
import { EVENT_SLAB_BYTES, EventSlab } from '../slab/event-slab.ts'
import { ROW_SLAB_BYTES, RowSlab } from '../slab/row-slab.ts'
import { SlabPool } from '../slab/slab-pool.ts'
import type { KnownPrint } from './match.ts'
import type { PrintQuote } from './print-quotes.ts'
import { readRow, type SlabRow } from './slab-row.ts'

/** Legs of open windows at once; one contract has at most two windows of 4W. */
const HELD_MAX = 1 << 16
const QUOTE_ROWS_MAX = 1 << 16
const PRINT_LOG_ROWS_MIN = 1 << 8
const FIRST_CONDITION_SET = CONDITION_SET_NONE + 1

/** What the rules of a fill are, as the engine's. */
export type FillRules = {
  readonly rules: Rules
  /** Contracts, FLOW_MIN_SIZE. */
  readonly minSize: number
  /** FLOW_SWEEP_WINDOW_MS. */
  readonly windowMs: number
  /** FLOW_QUOTE_MAX_AGE_MS. */
  readonly quoteMaxAgeMs: number
}

export type Rerun = {
  /**
   * For each print its final row, also of one that a later cancel removed; null where it has none:
   * a cancel, below the minimum size, or removed from an open window. `recv` is the print's place.
   */
  readonly rows: readonly (SlabRow | null)[]
  /** The cancels of the tape: their places, and the place of what each removed, -1 for nothing. */
  readonly cancels: readonly { readonly print: number; readonly removed: number }[]
  /** What the rows' numbers of contract and conditions stand for. */
  readonly definitions: Definitions
}

/**
 * A contract's tape once more through the engine's own decoder, router and classifier, in the order
 * of the tape, each print against the quote that is given for it. `reference`: what holds for the
 * contract on that day.
 */
export function rerun(
  ticker: string,
  prints: readonly KnownPrint[],
  quotes: readonly (PrintQuote | null)[],
  reference: ContractReference | null,
  { rules, minSize, windowMs, quoteMaxAgeMs }: FillRules,
): Rerun {
  const dictionary = new Dictionary({ watched: '*', contractsMax: 1 })
  const decoder = new FrameDecoder({ dictionary })
  const classifier = new Classifier({
    rules,
    minSize,
    windowMs,
    quoteMaxAgeMs,
    lookupPremium: 0,
    heldMax: HELD_MAX,
    printLogRows: 2 ** Math.ceil(Math.log2(Math.max(prints.length, PRINT_LOG_ROWS_MIN) + 1)),
    quoteRowsMax: QUOTE_ROWS_MAX,
  })
  const pool = new SlabPool(2, EVENT_SLAB_BYTES)
  const results = new Results(prints.length)
  const router = new Router(dictionary, pool, 1, 1, (_, sealed) => {
    read(classifier, sealed, results)
    if (sealed.slab !== null) pool.release(sealed.slab)
  })
  const send = (frame: Uint8Array, recv: number): void => {
    decoder.decode(frame, false, Number.NaN)
    router.route(decoder.columns, 0, { recv, clock: Number.NaN, connection: 0, readAt: 0 })
  }
  if (reference !== null) send(encodeReferences([reference]), Number.NaN)
  // the receive time of a print is its place: so a row tells which print it is
  for (const [place, known] of prints.entries()) send(frameOf(ticker, known, quotes[place]!), place)
  router.seal(0)
  do {
    results.giveRoom(classifier)
    classifier.closeEverything()
    results.take(classifier)
  } while (classifier.held > 0)
  for (const row of results.rows) if (row !== null) finish(row, quotes[row.recv]!)
  const places = [...prints.keys()].filter((place) => !prints[place]!.isCancel)
  return {
    rows: results.rows,
    // arrival counts the prints of the day, which the tape is
    cancels: results.cancels.map(({ recv, removed }) => ({
      print: recv,
      removed: removed === null ? -1 : places[removed.arrival - 1]!,
    })),
    definitions: dictionary.definitionsSince(0, FIRST_CONDITION_SET),
  }
}

/** Age and source of the quote as they are, and no percentile: they go over the underlying. */
function finish(row: SlabRow, quote: PrintQuote | null): void {
  row.sizePercentile = PERCENTILE_NONE
  row.premiumPercentile = PERCENTILE_NONE
  row.percentileSample = 0
  if (quote === null) return
  row.quoteAge = quote.age
  row.quoteSource = quote.source
}

/** Its quote, in force at that very moment, and the print. No usable one is one of 0 and 0. */
function frameOf(ticker: string, { print }: KnownPrint, quote: PrintQuote | null): Buffer {
  const { t, p, s, x, c, q } = print
  const bp = (quote?.bid ?? 0) / TICKS_PER_DOLLAR
  const ap = (quote?.ask ?? 0) / TICKS_PER_DOLLAR
  const sizes = { bs: quote?.bidSize ?? -1, as: quote?.askSize ?? -1 }
  const events = [
    { ev: 'Q', sym: ticker, bp, ap, ...sizes, t },
    { ev: 'T', sym: ticker, p, s, t, c, x: x ?? undefined, q: q ?? undefined },
  ]
  return Buffer.from(JSON.stringify(events))
}

function read(classifier: Classifier, sealed: SealedSlab, results: Results): void {
  if (sealed.definitions !== null) classifier.define(sealed.definitions)
  let next = 0
  do {
    results.giveRoom(classifier)
    if (sealed.slab !== null) next = classifier.read(new EventSlab(sealed.slab), next, sealed.rows)
    results.take(classifier)
  } while (next < sealed.rows)
}

/** What the writer would do: take rows and cancels as they come. */
class Results {
  readonly rows: (SlabRow | null)[]
  readonly cancels: Cancel[] = []
  readonly #empty: ArrayBuffer[] = []

  constructor(prints: number) {
    this.rows = new Array(prints).fill(null)
  }

  giveRoom({ sink }: Classifier): void {
    while (sink.empties < 2) sink.offer(this.#empty.pop() ?? new ArrayBuffer(ROW_SLAB_BYTES))
    sink.flush()
  }

  take(classifier: Classifier): void {
    for (const { buffer, rows } of classifier.sink.take()) {
      const slab = new RowSlab(buffer)
      for (let at = 0; at < rows; at++) {
        const row = readRow(slab, at)
        this.rows[row.recv] = row
      }
      this.#empty.push(buffer)
    }
    this.cancels.push(...classifier.takeCancels())
  }
}
