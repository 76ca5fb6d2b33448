import { CONTRACT_MULTIPLIER } from '../../src/domain/contract.ts'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { encodeNbbo, encodeReferences, type NbboAnswer } from '../../src/reader/evidence.ts'
import { type QuoteChanges, QuotePlanner } from '../../src/reader/quote-planner.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import type { SyntheticPrint, SyntheticQuote } from '../../src/simulator/synthetic.ts'
import { eventJson } from '../../src/simulator/wire.ts'
import { LOOKUP_PREMIUM, QUOTE_MAX_AGE_MS } from './engine.ts'
import { type LabelledTape, mayHaveSide, START, START_DATE, type Step } from './synthetic.ts'

const ROUND_MS = 1_000
/** From asking for the quotes of a contract until the vendor sends them. */
export const SUBSCRIBE_MS = 50
/** From a print to the answer of the REST request that it gave rise to. */
export const ANSWER_MS = 100
export const REST_PER_SECOND = 20

/** What the engine gets to see of the tape's quotes. */
export type Situation = {
  readonly name: string
  /** Contracts quoted at a time, chosen by the engine's planner; null: all of them. */
  readonly quotedMax: number | null
  /** Whether a print of notable premium without a usable quote has its NBBO asked for. */
  readonly hasLookups: boolean
}

export const SITUATIONS: readonly Situation[] = [
  { name: 'all', quotedMax: null, hasLookups: false },
  { name: '1,000', quotedMax: 1_000, hasLookups: false },
  { name: '1,000 + REST', quotedMax: 1_000, hasLookups: true },
  { name: '100', quotedMax: 100, hasLookups: false },
  { name: '100 + REST', quotedMax: 100, hasLookups: true },
]

/** How many frames tell the engine what a lookup gave. */
export function lookupsIn(frames: readonly RecordedFrame[]): number {
  return frames.filter(({ bytes }) => Buffer.from(bytes).includes('"flow.nbbo"')).length
}

/** The frames that the engine would have read of this tape, in order. */
export function framesOf(tape: LabelledTape, situation: Situation): RecordedFrame[] {
  const feed = new VendorFeed(situation, tape.multipliers)
  feed.refer()
  for (const step of tape.steps) feed.play(step)
  return feed.frames
}

/** A vendor that keeps to what the engine asks of it. */
class VendorFeed {
  readonly frames: RecordedFrame[] = []
  readonly #situation: Situation
  readonly #multipliers: ReadonlyMap<string, number>
  readonly #dictionary = new Dictionary({ watched: '*', contractsMax: 100_000 })
  readonly #decoder = new FrameDecoder({ dictionary: this.#dictionary })
  readonly #planner: QuotePlanner
  readonly #budget: RestBudget
  #now = START
  #roundEnd = START + ROUND_MS
  /** From when on the vendor sends the quotes of a contract, epoch ms. */
  readonly #quotedFrom = new Map<string, number>()
  /** The quote in force, and the last one that the engine was sent. */
  readonly #inForce = new Map<string, SyntheticQuote>()
  readonly #sent = new Map<string, SyntheticQuote>()
  /** Answers on their way, the next one first. */
  readonly #answers: { readonly due: number; readonly answer: NbboAnswer }[] = []

  constructor(situation: Situation, multipliers: ReadonlyMap<string, number>) {
    this.#situation = situation
    this.#multipliers = multipliers
    this.#planner = new QuotePlanner({
      connections: 1,
      max: situation.quotedMax ?? 0,
      largePremium: LOOKUP_PREMIUM,
      connectionOf: () => 0,
    })
    this.#budget = new RestBudget(REST_PER_SECOND, () => this.#now)
  }

  /** What the engine knows from the day before. */
  refer(): void {
    const references = [...this.#multipliers].map(([ticker, multiplier]) => ({
      ticker,
      date: START_DATE,
      multiplier,
    }))
    if (references.length > 0) this.#frame(encodeReferences(references), START)
  }

  play({ time, events }: Step): void {
    for (; this.#roundEnd <= time; this.#roundEnd += ROUND_MS) {
      this.#answerUntil(this.#roundEnd)
      this.#now = this.#roundEnd
      if (this.#isLimited) this.#apply(this.#planner.turn())
    }
    this.#answerUntil(time)
    this.#now = time
    const wanted: SyntheticPrint[] = []
    const sent = events.filter((event) => {
      if (event.kind === 'T') {
        if (this.#situation.hasLookups && this.#needsLookup(event)) wanted.push(event)
        return true
      }
      const { ticker } = event.contract
      this.#inForce.set(ticker, event)
      if (this.#isLimited && !((this.#quotedFrom.get(ticker) ?? Infinity) <= time)) return false
      this.#sent.set(ticker, event)
      return true
    })
    // a print is in every step
    const frame = this.#frame(Buffer.from(`[${sent.map(eventJson).join(',')}]`), time)
    for (const print of wanted) this.#lookUp(print)
    if (!this.#isLimited) return
    this.#decoder.decode(frame.bytes, false, time)
    this.#apply(this.#planner.see(this.#decoder.columns, this.#dictionary.size))
  }

  get #isLimited(): boolean {
    return this.#situation.quotedMax !== null
  }

  #frame(bytes: Buffer, time: number): RecordedFrame {
    const frame = { recv: time, clock: time - START, connection: 0, bytes, isBinary: false }
    this.frames.push(frame)
    return frame
  }

  #apply(changes: readonly QuoteChanges[]): void {
    for (const { unsubscribe, subscribe } of changes) {
      for (const id of unsubscribe) this.#quotedFrom.delete(this.#dictionary.ticker(id))
      for (const id of subscribe) {
        this.#quotedFrom.set(this.#dictionary.ticker(id), this.#now + SUBSCRIBE_MS)
      }
    }
  }

  #needsLookup({ contract, condition, price, size, time }: SyntheticPrint): boolean {
    const shares = this.#multipliers.get(contract.ticker) ?? CONTRACT_MULTIPLIER
    const premium = (price * size * shares) / 100 // price is in cents
    if (premium < LOOKUP_PREMIUM || !mayHaveSide(condition)) return false
    const quote = this.#sent.get(contract.ticker)
    return quote === undefined || time - quote.time > QUOTE_MAX_AGE_MS
  }

  /**
   * Asks for the NBBO at once, if the budget lets it; the engine is told either way. The engine
   * waits for the budget a while (nbbo-lookup.ts), so where this refuses it may still answer.
   */
  #lookUp({ contract: { ticker }, time }: SyntheticPrint): void {
    const quote = this.#inForce.get(ticker)
    if (quote === undefined || !this.#budget.tryTake('lookup')) {
      this.#frame(encodeNbbo([{ ticker, at: time, quote: null }]), this.#now)
      return
    }
    const answer = {
      ticker,
      at: time,
      quote: {
        time: quote.time,
        bid: quote.bid / 100,
        ask: quote.ask / 100,
        bidSize: quote.bidSize,
        askSize: quote.askSize,
        bidExchange: quote.bidExchange,
        askExchange: quote.askExchange,
      },
    }
    this.#answers.push({ due: this.#now + ANSWER_MS, answer })
  }

  #answerUntil(time: number): void {
    while (this.#answers.length > 0 && this.#answers[0]!.due <= time) {
      const { due, answer } = this.#answers.shift()!
      this.#frame(encodeNbbo([answer]), due)
    }
  }
}
