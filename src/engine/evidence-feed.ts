import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import { policyOf } from '../domain/conditions.ts'
import { CONTRACT_MULTIPLIER, parseContract } from '../domain/contract.ts'
import { newYorkDay } from '../domain/new-york.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { ContractReferences } from '../reader/contract-references.ts'
import {
  type ContractReference,
  encodeNbbo,
  encodeReferences,
  encodeUnderlying,
  encodeVolumes,
  type FilledVolume,
  type UnderlyingPrice,
} from '../reader/evidence.ts'
import { type LookupResult, NbboLookup } from '../reader/nbbo-lookup.ts'
import { isoDate } from '../reader/reference-day.ts'
import { RestBudget } from '../reader/rest-budget.ts'
import { UnderlyingFeed } from '../reader/underlying-feed.ts'
import { KIND_PRINT } from '../slab/event-slab.ts'
import type { Reference } from '../writer/messages.ts'
import type { FrameTarget } from './live-feed.ts'

/** References in one frame of ours. */
const FRAME_REFERENCES_MAX = 250
/** How long a ms may be waited for; a clock that was set back does not count. */
const SAME_MS_MAX = 2

export type EvidenceOptions = {
  readonly config: Config
  readonly apiKey: string
  readonly metrics: Metrics
  readonly log: Log
  /** The feed connection of an underlying, whose reading clock its evidence is stamped with. */
  readonly connectionOf: (underlying: string) => number
  /** The reading clock of a feed connection, ms. */
  readonly clockOf: (connection: number) => number
  /** What the database knows of contracts already. */
  readonly cached: readonly Reference[]
  readonly keepReferences: (references: readonly Reference[]) => void
  /** A contract has a larger multiplier than 100. */
  readonly onMultiplier: (contract: number, multiplier: number) => void
}

/**
 * Evidence from outside the feed: asks for it, and puts what it hears into the stream of frames,
 * stamped with the reading clock of the feed connection that it belongs to.
 */
export class EvidenceFeed {
  readonly #options: EvidenceOptions
  readonly #budget: RestBudget
  readonly #lookup: NbboLookup | null
  readonly #references: ContractReferences | null
  readonly #underlyings: UnderlyingFeed
  readonly #target: FrameTarget
  /** By contract: 1 once it has traded on #day. */
  #hasTraded = new Uint8Array(1024)
  #traded: number[] = []
  #day = -1
  readonly #told = new Map<string, number>()

  constructor(options: EvidenceOptions, target: FrameTarget) {
    const { config, apiKey, log } = options
    this.#options = options
    this.#target = target
    this.#budget = new RestBudget(config.restPerSecond)
    const warn = (message: string): void => log.warn(message)
    const isAsked = config.hasRest && config.lookupPremium > 0
    this.#lookup = isAsked ? this.#newLookup(warn) : null
    this.#references = config.hasRest ? this.#newReferences(warn) : null
    this.#underlyings = new UnderlyingFeed({
      feedUrl: config.feedUrl,
      apiKey,
      clusters: config.underlying,
      underlyings: config.symbols,
      reconnectMinMs: config.reconnectMinMs,
      silenceMs: config.silenceMs,
      onPrices: (prices) => this.#pushPrices(prices),
      onInfo: (message) => log.info(message),
      onWarning: warn,
    })
  }

  start(): void {
    this.#pushReferences(knownAtStart(this.#options.cached, isoDate(newYorkDay(Date.now()))))
    this.#references?.start()
    this.#underlyings.start()
  }

  /** Looks over the frame that was decoded last. */
  see(): void {
    const { decoder, dictionary } = this.#target
    const { columns } = decoder
    this.#lookup?.see(columns)
    if (this.#references === null) return
    if (dictionary.size > this.#hasTraded.length) {
      const grown = new Uint8Array(Math.max(dictionary.size, 2 * this.#hasTraded.length))
      grown.set(this.#hasTraded)
      this.#hasTraded = grown
    }
    const { rows, kind, contract } = columns
    for (let row = 0; row < rows; row++) {
      const id = contract[row]!
      if (kind[row] !== KIND_PRINT || this.#hasTraded[id] === 1) continue
      this.#hasTraded[id] = 1
      this.#traded.push(id)
    }
  }

  /** Once a second: contracts that have traded for the first time today, and the metrics. */
  turn(): void {
    const { metrics } = this.#options
    const day = newYorkDay(Date.now())
    if (day !== this.#day) {
      this.#day = day
      this.#hasTraded.fill(0)
    }
    const { dictionary } = this.#target
    if (this.#traded.length > 0) {
      this.#references?.noteTraded(this.#traded.map((id) => dictionary.ticker(id)))
      this.#traded = []
    }
    metrics.restBudgetUsed.set(this.#budget.usedRatio())
    const requests = Object.entries(this.#lookup?.requests ?? {}) as [LookupResult, number][]
    for (const [result, count] of requests) {
      metrics.restRequests.inc({ purpose: 'nbbo', result }, count - (this.#told.get(result) ?? 0))
      this.#told.set(result, count)
    }
  }

  /**
   * A fill brought this: the shard of the contract counts its volume from here on. Gives when that
   * is, epoch ms: what was received before came at or before it, what is received later after it.
   */
  pushFilled(filled: FilledVolume): number {
    const at = this.#push(encodeVolumes([filled]), filled.ticker)
    // a frame received in what is left of this ms would look like one of before
    const end = performance.now() + SAME_MS_MAX
    while (Date.now() <= at && performance.now() < end);
    return at
  }

  /** No slab is free: what is read now would only wait. */
  pause(): void {
    this.#underlyings.pause()
  }

  resume(): void {
    this.#underlyings.resume()
  }

  /** Ends what is under way; nothing is pushed after it. */
  async stop(): Promise<void> {
    this.#lookup?.stop()
    await Promise.all([this.#references?.stop(), this.#underlyings.stop()])
    this.turn()
  }

  #newLookup(onWarn: (message: string) => void): NbboLookup {
    const { config, apiKey } = this.#options
    const { dictionary } = this.#target
    return new NbboLookup({
      baseUrl: config.restUrl,
      apiKey,
      budget: this.#budget,
      lookupPremium: config.lookupPremium,
      quoteMaxAgeMs: config.quoteMaxAgeMs,
      tickerOf: (contract) => dictionary.ticker(contract),
      mayHaveSide: (set) => policyOf(dictionary.conditionsOf(set)).hasSide,
      onAnswer: (answer) => this.#push(encodeNbbo([answer]), answer.ticker),
      onWarn,
    })
  }

  #newReferences(onWarning: (message: string) => void): ContractReferences {
    const { config, apiKey, cached, metrics, keepReferences } = this.#options
    return new ContractReferences({
      baseUrl: config.restUrl,
      apiKey,
      budget: this.#budget,
      underlyings: config.symbols,
      cached: cached.map(fromStore),
      onReferences: (references) => {
        this.#pushReferences(references)
        keepReferences(references.map(toStore))
      },
      onResult: (result) => metrics.restRequests.inc({ purpose: 'reference', result }),
      onWarning,
    })
  }

  #pushReferences(references: readonly ContractReference[]): void {
    for (const some of byConnection(references, this.#options)) {
      for (let first = 0; first < some.length; first += FRAME_REFERENCES_MAX) {
        const part = some.slice(first, first + FRAME_REFERENCES_MAX)
        this.#push(encodeReferences(part), part[0]!.ticker)
      }
    }
    for (const { ticker, multiplier = CONTRACT_MULTIPLIER } of references) {
      // a smaller one may count from tomorrow only: until then the shard waits by the larger sum
      if (multiplier <= CONTRACT_MULTIPLIER) continue
      const bytes = Buffer.from(ticker, 'latin1')
      const contract = this.#target.dictionary.lookup(bytes, 0, bytes.length)
      if (contract < 0) continue
      this.#options.onMultiplier(contract, multiplier)
      this.#lookup?.setMultiplier(contract, multiplier)
    }
  }

  /** While nothing is read, prices would only pile up, and be old when they are. */
  #pushPrices(prices: readonly UnderlyingPrice[]): void {
    if (this.#target.isBlocked) return
    const { connectionOf } = this.#options
    for (const [connection, some] of Map.groupBy(prices, ({ symbol }) => connectionOf(symbol))) {
      this.#pushAt(encodeUnderlying(some), connection)
    }
  }

  /** Gives the receive time of the frame, epoch ms. */
  #push(frame: Buffer, ticker: string): number {
    return this.#pushAt(frame, this.#options.connectionOf(parseContract(ticker)?.underlying ?? ''))
  }

  #pushAt(frame: Buffer, connection: number): number {
    const now = Date.now()
    const clock = this.#options.clockOf(connection)
    this.#target.push(frame, false, { recv: now, clock, connection, readAt: now })
    return now
  }
}

function byConnection(
  references: readonly ContractReference[],
  { connectionOf }: EvidenceOptions,
): Iterable<ContractReference[]> {
  return Map.groupBy(references, ({ ticker }) =>
    connectionOf(parseContract(ticker)?.underlying ?? ''),
  ).values()
}

/**
 * References of today, and of earlier days the multipliers that are not 100: these outlast the day,
 * open interest does not.
 */
function knownAtStart(cached: readonly Reference[], today: string): ContractReference[] {
  return cached.flatMap((reference) => {
    if (reference.date === today) return [fromStore(reference)]
    const { ticker, date, multiplier } = reference
    const isOther = multiplier !== null && multiplier !== CONTRACT_MULTIPLIER && date < today
    return isOther ? [{ ticker, date, multiplier }] : []
  })
}

function fromStore({ ticker, date, openInterest, multiplier }: Reference): ContractReference {
  return {
    ticker,
    date,
    ...(openInterest === null ? {} : { openInterest }),
    ...(multiplier === null ? {} : { multiplier }),
  }
}

function toStore(reference: ContractReference): Reference {
  const { ticker, date, openInterest = null, multiplier = null } = reference
  return { ticker, date, openInterest, multiplier }
}
