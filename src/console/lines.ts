import type { Line } from './log.ts'
import type { NotableDigest, NotablePrint } from './notable.ts'
import { count, dollars, duration, listed, marketTime, price } from './words.ts'

/** Subscriptions told one by one; more would push everything else off the screen. */
const SUBSCRIBED_LINES_MAX = 20

/** Direction without colour. */
const MARK = { BULLISH: '^', BEARISH: 'v', NEUTRAL: '-' } as const

export function banner(version: string): Line {
  const title = `  Options Flow Engine ${version}`
  const bar = '─'.repeat(56)
  return {
    msg: 'starting',
    fields: { version },
    text: `\n┌${bar}┐\n│${title.padEnd(bar.length)}│\n└${bar}┘`,
  }
}

export function watching(symbols: '*' | readonly string[]): Line {
  const text = symbols === '*' ? 'all' : listed(symbols)
  return { msg: 'watching', fields: { symbols }, text: `Watching symbols: ${text}` }
}

export function minTradeSize(contracts: number): Line {
  return {
    msg: 'min trade size',
    fields: { min_size: contracts },
    text: `Min trade size: ${count(contracts)} contract${contracts === 1 ? '' : 's'}`,
  }
}

/** `address` without its password (describeDatabase), or where the embedded one is. */
export function database(address: string): Line {
  return { msg: 'database', fields: { database: address }, text: `Database: ${address}` }
}

export function demo(): Line {
  return {
    msg: 'demo',
    text: 'Demo on a simulated feed: no MASSIVE_API_KEY',
  }
}

export function listening(url: string): Line {
  return { msg: 'listening', fields: { url }, text: `Page, API and metrics: ${url}` }
}

/** `host` of the feed, without the rest of its address. */
export function connecting(host: string, connection: number): Line {
  return feedLine('connecting', `Connecting to ${host}...`, connection, { host })
}

export function connected(host: string, connection: number): Line {
  return feedLine('connected', `Connected to ${host}`, connection, { host })
}

export function authenticated(connection: number): Line {
  return feedLine('authenticated', 'Authentication successful', connection)
}

export function subscribing(symbols: '*' | readonly string[], connection: number): Line {
  const n = symbols === '*' ? null : symbols.length
  const what = n === null ? 'all symbols' : `${count(n)} symbol${n === 1 ? '' : 's'}`
  return feedLine('subscribing', `Subscribing to ${what}...`, connection, { symbols: n ?? '*' })
}

/** One line a symbol, as the vendor's answers come; many are told in sum. */
export function subscribed(symbols: '*' | readonly string[], connection: number): Line {
  const text =
    symbols === '*'
      ? '  Subscribed to all trades'
      : symbols
          .slice(0, SUBSCRIBED_LINES_MAX)
          .map((symbol) => `  Subscribed to ${symbol} trades`)
          .concat(moreSubscribed(symbols.length - SUBSCRIBED_LINES_MAX))
          .join('\n')
  return { msg: 'subscribed', fields: { symbols, connection }, text }
}

function moreSubscribed(more: number): string[] {
  return more > 0 ? [`  Subscribed to ${count(more)} more`] : []
}

function feedLine(msg: string, text: string, connection: number, fields: object = {}): Line {
  return {
    msg,
    fields: { ...fields, connection },
    text: connection === 0 ? text : `${text} (connection ${connection})`,
  }
}

/** `^ SPX 6475C 250 @ $45.50 ($1.1M premium) BLOCK` */
export function notablePrint(print: NotablePrint): Line {
  const { symbol, strikeMills, isCall, size, priceTicks, premiumDollars } = print
  const { tradeType, sentiment } = print
  const contract = `${symbol} ${strikeMills / 1000}${isCall ? 'C' : 'P'}`
  const type = tradeType === 'REGULAR' ? '' : ` ${tradeType}`
  return {
    msg: 'print',
    fields: {
      symbol,
      contract_ticker: print.contractTicker,
      size,
      price: priceTicks / 10_000,
      premium: premiumDollars,
      trade_type: tradeType,
      sentiment,
    },
    text:
      `${MARK[sentiment]} ${contract} ${count(size)} @ ${price(priceTicks)} ` +
      `(${dollars(premiumDollars)} premium)${type}`,
  }
}

/** The lines of one second: the notable prints, and the rest in sum. */
export function notablePrints({ prints, restCount, restPremiumDollars }: NotableDigest): Line[] {
  const lines = prints.map(notablePrint)
  if (restCount > 0) {
    lines.push({
      msg: 'more prints',
      fields: { prints: restCount, premium: restPremiumDollars },
      text: `  and ${count(restCount)} more (${dollars(restPremiumDollars)} premium)`,
    })
  }
  return lines
}

export type Statistics = {
  readonly uptimeMs: number
  readonly processed: number
  readonly stored: number
  readonly sweeps: number
  readonly blocks: number
  readonly errors: number
  /** Vendor time of the last print, epoch ms; null before the first. */
  readonly lastTradeMs: number | null
}

/** Every 5 minutes and at the exit. */
export function statistics(s: Statistics): Line {
  const share = s.processed === 0 ? 0 : (100 * s.stored) / s.processed
  return {
    msg: 'statistics',
    fields: {
      uptime_seconds: Math.floor(s.uptimeMs / 1000),
      trades_processed: s.processed,
      trades_stored: s.stored,
      sweeps_detected: s.sweeps,
      blocks_detected: s.blocks,
      errors: s.errors,
      last_trade: s.lastTradeMs,
    },
    text: [
      'Statistics:',
      `  Uptime: ${duration(s.uptimeMs)}`,
      `  Trades processed: ${count(s.processed)}`,
      `  Trades stored: ${count(s.stored)} (${share.toFixed(1)}%)`,
      `  Sweeps detected: ${count(s.sweeps)}`,
      `  Blocks detected: ${count(s.blocks)}`,
      `  Errors: ${count(s.errors)}`,
      `  Last trade: ${s.lastTradeMs === null ? 'none yet' : marketTime(s.lastTradeMs)}`,
    ].join('\n'),
  }
}

/** The account at the end, one field for each place where a print can go. */
export function drained(account: Readonly<Record<string, number>>): Line {
  const parts = Object.entries(account).map(
    ([name, value]) => `  ${name.replaceAll('_', ' ')}: ${count(value)}`,
  )
  return { msg: 'drained', fields: account, text: ['Drained:', ...parts].join('\n') }
}
