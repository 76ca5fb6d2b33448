import type { Cluster } from './clusters.ts'
import { NOT_AUTHORIZED, statusFrame, subscribedTo, unsubscribedTo } from './vendor-texts.ts'

/** The vendor's cap on quoted contracts of one connection; what comes after is ignored. */
export const QUOTED_CONTRACTS_MAX = 1000
/** Topics of one connection; a real client holds some thousands. */
const TOPICS_MAX = 1_000_000

const CHANNELS: Readonly<Record<Cluster, ReadonlySet<string>>> = {
  options: new Set(['T', 'Q', 'A', 'AM']),
  stocks: new Set(['T', 'Q', 'A', 'AM']),
  indices: new Set(['V', 'A', 'AM']),
}
const CHANNELS_OF_OTHER_PLANS = new Set(['FMV', 'LV', 'NOI', 'LULD'])

/**
 * What one connection has asked for. T and Q of options, A of stocks and V of indices carry data;
 * the other channels are only acknowledged.
 */
export class Subscriptions {
  readonly #cluster: Cluster
  readonly #trades = new Set<string>()
  readonly #quotes = new Set<string>()
  /** Topics of the other channels with their channel: `A.SPY`. */
  readonly #others = new Set<string>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  get isEmpty(): boolean {
    return this.#trades.size + this.#quotes.size + this.#others.size === 0
  }

  get hasAllTrades(): boolean {
    return this.#trades.has('*')
  }

  wantsTrade(ticker: string): boolean {
    return this.#trades.has('*') || this.#trades.has(ticker)
  }

  wantsQuote(ticker: string): boolean {
    return this.#quotes.has(ticker)
  }

  /** Whether a topic of a channel beside T and Q is held, by name or by `*`. */
  wants(channel: 'A' | 'V', ticker: string): boolean {
    return this.#others.has(`${channel}.*`) || this.#others.has(`${channel}.${ticker}`)
  }

  /**
   * Takes a comma list of topics. Any ticker text is acknowledged, also nonsense; an unknown
   * channel, a topic that is held already, `Q.*` and quotes past the cap are passed over in
   * silence. The answer is one frame, or null when there is nothing to say.
   */
  subscribe(params: string): string | null {
    const answers = []
    for (const [channel, ticker] of topicsOf(params)) {
      if (CHANNELS_OF_OTHER_PLANS.has(channel)) answers.push(NOT_AUTHORIZED)
      if (!CHANNELS[this.#cluster].has(channel)) continue
      const held = this.#held(channel)
      const topic = held === this.#others ? `${channel}.${ticker}` : ticker
      const isQuoteOfOption = channel === 'Q' && this.#cluster === 'options'
      const isFull = held.size >= (isQuoteOfOption ? QUOTED_CONTRACTS_MAX : TOPICS_MAX)
      if (held.has(topic) || isFull || (isQuoteOfOption && ticker === '*')) continue
      held.add(topic)
      answers.push(subscribedTo(`${channel}.${ticker}`))
    }
    return answers.length === 0 ? null : statusFrame(...answers)
  }

  unsubscribe(params: string): string | null {
    const answers = []
    for (const [channel, ticker] of topicsOf(params)) {
      if (!CHANNELS[this.#cluster].has(channel)) continue
      const held = this.#held(channel)
      held.delete(held === this.#others ? `${channel}.${ticker}` : ticker)
      answers.push(unsubscribedTo(`${channel}.${ticker}`))
    }
    return answers.length === 0 ? null : statusFrame(...answers)
  }

  #held(channel: string): Set<string> {
    if (channel === 'T') return this.#trades
    return channel === 'Q' ? this.#quotes : this.#others
  }
}

function* topicsOf(params: string): Generator<readonly [channel: string, ticker: string]> {
  for (const part of params.split(',')) {
    const topic = part.trim()
    const dot = topic.indexOf('.')
    if (dot > 0 && dot < topic.length - 1) yield [topic.slice(0, dot), topic.slice(dot + 1)]
  }
}
