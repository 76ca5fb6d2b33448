import type { LiveFigures, LiveSample } from './live-figures.ts'
import { count, dollars, duration } from './words.ts'

/** Largest prints that are shown. */
export const TOP_PRINTS = 3
const COLUMNS_MAX = 100
const LABEL_WIDTH = 9
const SYMBOLS_SHOWN = 5

export type LiveView = {
  readonly figures: LiveFigures
  /** Since the start of the engine, ms. */
  readonly uptimeMs: number
  readonly url: string | null
  /** Lines of the largest prints of the last minutes, the largest first. */
  readonly top: readonly string[]
  /** Columns of the terminal. */
  readonly columns: number
}

/** The lines that stand below the log of `flow run` on a terminal, none wider than it. */
export function liveViewLines({ figures, uptimeMs, url, top, columns }: LiveView): string[] {
  const width = Math.max(20, Math.min(COLUMNS_MAX, columns - 1))
  const { now, receivedPerSecond, storedPerSecond, p50, p99 } = figures
  const line = (label: string, text: string): string => cut(label.padEnd(LABEL_WIDTH) + text, width)
  return [
    '─'.repeat(width),
    line('engine', `${now.notReady ?? 'ready'}, up ${duration(uptimeMs)}`),
    ...(url === null ? [] : [line('page', url)]),
    line('feed', feedText(now)),
    line('prints', `${rate(receivedPerSecond)} received, ${rate(storedPerSecond)} stored`),
    line('total', `${count(now.received)} received, ${count(now.stored)} stored`),
    line('latency', latencyText(p50, p99)),
    line('slabs', slabsText(now.credits)),
    line('net', netText(now, width - LABEL_WIDTH)),
    ...top.map((print, at) => line(at === 0 ? 'largest' : '', print)),
  ]
}

function slabsText(credits: number): string {
  if (Number.isNaN(credits)) return 'nothing is read yet'
  return credits > 0 ? `${count(credits)} free` : 'none free: reading is paused'
}

function feedText({ connected, connections, reconnects, gapsOpen }: LiveSample): string {
  const times = `${count(reconnects)} reconnect${reconnects === 1 ? '' : 's'}`
  const gaps = gapsOpen === 0 ? 'no gap' : `${count(gapsOpen)} gap${gapsOpen === 1 ? '' : 's'} open`
  return `${connected} of ${connections} connected, ${times}, ${gaps}`
}

function rate(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`
}

function latencyText(p50: number | null, p99: number | null): string {
  if (p50 === null || p99 === null) return 'nothing committed in the last seconds'
  return `${milliseconds(p50)} from receipt to commit, 99 % within ${milliseconds(p99)}`
}

function milliseconds(seconds: number): string {
  const ms = seconds * 1000
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${count(Math.round(ms))} ms`
}

/** Bullish less bearish premium of the symbols with most of both, as many as there is room for. */
function netText({ premium }: LiveSample, room: number): string {
  const symbols = [...premium]
    .map(([symbol, { bullish, bearish }]) => ({
      symbol,
      net: bullish - bearish,
      all: bullish + bearish,
    }))
    .filter(({ all }) => all > 0)
    .sort((a, b) => b.all - a.all)
    .slice(0, SYMBOLS_SHOWN)
    .map(({ symbol, net }) => `${symbol} ${net < 0 ? '-' : '+'}${dollars(Math.abs(net))}`)
  if (symbols.length === 0) return 'no premium with a side yet'
  while (symbols.length > 1 && symbols.join('  ').length > room) symbols.pop()
  return symbols.join('  ')
}

function cut(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}
