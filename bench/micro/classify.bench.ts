/**
 * The rules in one thread: event slabs through the classifier, beside Maps of arrays and objects;
 * and both together with their decoder, from the bytes of a frame to labels. 8 prints a frame,
 * with and without quotes. The labels of the first round are compared print by print.
 */

import {
  AGGRESSIVENESS_TEXT,
  SENTIMENT_TEXT,
  SIDE_TEXT,
  TRADE_TYPE_TEXT,
} from '../../src/domain/labels.ts'
import { limitsFor } from '../../src/engine/limits.ts'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { Router, type SealedSlab } from '../../src/reader/router.ts'
import { Classifier } from '../../src/shard/classifier.ts'
import { EVENT_SLAB_BYTES, EventSlab } from '../../src/slab/event-slab.ts'
import { ROW_SLAB_BYTES, RowSlab } from '../../src/slab/row-slab.ts'
import { SlabPool } from '../../src/slab/slab-pool.ts'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'
import { NaiveEngine, type NaiveEvent, type NaivePrint } from '../kit/naive.ts'
import {
  ROUND_PRINTS,
  roundDigits,
  type Shape,
  stamp,
  type TapeFrame,
  tapeOf,
} from '../kit/tape.ts'

const RUNS = 7
const WARMUP_ROUNDS = 3
const RECV = Date.UTC(2025, 11, 1)
const SHAPES: readonly { readonly name: string; readonly shape: Shape }[] = [
  { name: '8 prints a frame', shape: { prints: 8, quotes: 0 } },
  { name: '8 prints and 40 quotes a frame', shape: { prints: 8, quotes: 40 } },
]

/** Decoder, router and one classifier in this thread; gives each stored row to `see`. */
class OneThread {
  readonly #dictionary = new Dictionary({
    watched: new Set(['SPX', 'NDX', 'SPY', 'QQQ', 'IWM']),
    contractsMax: 100_000,
  })
  readonly #decoder = new FrameDecoder({ dictionary: this.#dictionary })
  readonly #pool = new SlabPool(256, EVENT_SLAB_BYTES)
  #sealed: SealedSlab[] = []
  readonly #router = new Router(this.#dictionary, this.#pool, 1, 1, (_shard, sealed) => {
    this.#sealed.push(sealed)
  })
  readonly #classifier: Classifier
  #rows: ArrayBuffer[] = []
  readonly #see: ((row: string) => void) | null

  constructor(see: ((row: string) => void) | null) {
    const { heldPrints: heldMax, printLogRows, quoteRows: quoteRowsMax } = limitsFor(1)
    this.#classifier = new Classifier({
      rules: 'opra',
      minSize: 10,
      windowMs: 500,
      quoteMaxAgeMs: 5000,
      lookupPremium: 0,
      heldMax,
      printLogRows,
      quoteRowsMax,
    })
    this.#see = see
  }

  decode(frames: readonly TapeFrame[]): void {
    const readAt = RECV
    const recv = RECV
    for (const { json } of frames) {
      if (!this.#decoder.decode(json, false, recv)) throw new Error(`malformed: ${json}`)
      const { columns } = this.#decoder
      const stamped = { recv, clock: 0, connection: 0, readAt }
      if (this.#router.route(columns, 0, stamped) < columns.rows) throw new Error('no slab is free')
    }
    if (this.#router.hasRows(0)) this.#router.seal(0)
  }

  classify(): void {
    for (const { definitions, slab, rows } of this.#sealed) {
      if (definitions !== null) this.#classifier.define(definitions)
      const events = new EventSlab(slab!)
      for (let next = 0; next < rows; ) {
        const { sink } = this.#classifier
        while (sink.empties < 2) sink.offer(this.#rows.pop() ?? new ArrayBuffer(ROW_SLAB_BYTES))
        next = this.#classifier.read(events, next, rows)
        this.#takeRows()
      }
      this.#pool.release(slab!)
    }
    this.#sealed = []
  }

  closeEverything(): void {
    for (let i = 0; i < 64; i++) this.#classifier.sink.offer(new ArrayBuffer(ROW_SLAB_BYTES))
    this.#classifier.closeEverything()
    this.#takeRows()
  }

  #takeRows(): void {
    for (const { buffer, rows } of this.#classifier.sink.take()) {
      if (this.#see !== null) {
        const slab = new RowSlab(buffer)
        for (let row = 0; row < rows; row++) this.#see(this.#describe(slab, row))
      }
      this.#rows.push(buffer)
    }
  }

  #describe(slab: RowSlab, row: number): string {
    return [
      this.#dictionary.ticker(slab.contract[row]!),
      slab.sequence[row],
      slab.size[row],
      TRADE_TYPE_TEXT[slab.tradeType[row]!],
      SENTIMENT_TEXT[slab.sentiment[row]!],
      AGGRESSIVENESS_TEXT[slab.aggressiveness[row]!],
      SIDE_TEXT[slab.side[row]!],
      slab.eventLegs[row],
    ].join(' ')
  }
}

function describeNaive(print: NaivePrint): string {
  const { sym, sequence, size, tradeType, sentiment, aggressiveness, side, legs } = print
  return [sym, sequence, size, tradeType, sentiment, aggressiveness, side, legs].join(' ')
}

/**
 * Every stored print of one round must have the same labels both ways; gives how many those are.
 */
function checkLabels(frames: readonly TapeFrame[]): number {
  const ours: string[] = []
  const engine = new OneThread((row) => ours.push(row))
  for (let at = 0; at < frames.length; at += 512) {
    engine.decode(frames.slice(at, at + 512))
    engine.classify()
  }
  engine.closeEverything()
  const theirs: string[] = []
  const naive = new NaiveEngine((print) => theirs.push(describeNaive(print)))
  for (const { json } of frames) naive.frame(json.toString())
  naive.closeEverything()
  ours.sort()
  theirs.sort()
  const wrong = ours.findIndex((row, i) => row !== theirs[i])
  if (wrong >= 0 || ours.length !== theirs.length) {
    const found = `${ours.length} and ${theirs.length} rows, first difference`
    throw new Error(`${found}: "${ours[wrong]}" and "${theirs[wrong]}"`)
  }
  return ours.length
}

async function measure(name: string, shape: Shape): Promise<{ figures: Figure[]; note: string }> {
  const frames = tapeOf(shape)
  const checked = checkLabels(frames)
  const engine = new OneThread(null)
  const naive = new NaiveEngine(() => {})
  const rates = { classify: [] as number[], all: [] as number[] }
  const naiveRates = { classify: [] as number[], all: [] as number[] }
  for (let round = 0; round < WARMUP_ROUNDS + RUNS; round++) {
    const digits = roundDigits(round)
    for (const frame of frames) stamp(frame.json, frame, digits)
    const [decodeMs, classifyMs] = passEngine(engine, frames)
    const [parseMs, labelMs] = passNaive(naive, frames)
    if (round < WARMUP_ROUNDS) continue
    rates.classify.push((ROUND_PRINTS * 1000) / classifyMs)
    rates.all.push((ROUND_PRINTS * 1000) / (decodeMs + classifyMs))
    naiveRates.classify.push((ROUND_PRINTS * 1000) / labelMs)
    naiveRates.all.push((ROUND_PRINTS * 1000) / (parseMs + labelMs))
  }
  const figure = (what: 'classify' | 'all', label: string): Figure => ({
    name: `${label}, ${name}`,
    unit: 'prints/s',
    engine: spreadOf(rates[what]),
    naive: spreadOf(naiveRates[what]),
    limit: null,
    better: 'higher',
  })
  return {
    figures: [figure('classify', 'classify'), figure('all', 'decode and classify')],
    note: `${name}: ${checked} stored prints of ${ROUND_PRINTS} had the same labels both ways.`,
  }
}

/** Parts of 512 frames, so that slabs stay as warm as in the engine. Gives ms of both steps. */
function passEngine(engine: OneThread, frames: readonly TapeFrame[]): [number, number] {
  let decodeMs = 0
  let classifyMs = 0
  for (let at = 0; at < frames.length; at += 512) {
    const startedAt = performance.now()
    engine.decode(frames.slice(at, at + 512))
    const decodedAt = performance.now()
    engine.classify()
    classifyMs += performance.now() - decodedAt
    decodeMs += decodedAt - startedAt
  }
  return [decodeMs, classifyMs]
}

function passNaive(naive: NaiveEngine, frames: readonly TapeFrame[]): [number, number] {
  let parseMs = 0
  let labelMs = 0
  for (let at = 0; at < frames.length; at += 512) {
    const part = frames.slice(at, at + 512)
    const startedAt = performance.now()
    const parsed = part.map(({ json }) => JSON.parse(json.toString()) as NaiveEvent[])
    const parsedAt = performance.now()
    for (const events of parsed) naive.events(events)
    labelMs += performance.now() - parsedAt
    parseMs += parsedAt - startedAt
  }
  return [parseMs, labelMs]
}

export async function run(): Promise<Report> {
  const figures: Figure[] = []
  const notes: string[] = []
  for (const { name, shape } of SHAPES) {
    const measured = await measure(name, shape)
    figures.push(...measured.figures)
    notes.push(measured.note)
  }
  return { title: 'Decode and classify in one thread', figures, notes }
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
