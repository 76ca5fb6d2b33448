import { underlyingOf } from '../domain/contract.ts'
import { contextOf } from './context.ts'
import type { FlowContext, FlowWindow } from './flow-context.ts'
import { type Query, readWindow } from './query.ts'
import { isWindow, WINDOW_NAMES, WINDOWS } from './window.ts'

/** How far the clock of who asks may be ahead of ours, ms. */
const AHEAD_MS = 5_000

/** A context that is asked for, checked. */
export type AskedContext = {
  /** The underlying. */
  readonly symbol: string
  readonly window: FlowWindow
  /** End of the window, epoch ms. */
  readonly at: number
  /** Only what was known at `at`; else all that is stored, also what was known later. */
  readonly isAsOf: boolean
}

/**
 * What is asked for, from what a person or a program gave. `symbol`: an underlying or a root (SPXW
 * is SPX), small letters are taken for capitals. `asOf`: epoch ms, undefined: now. Throws a
 * RangeError that says what was expected. A moment that has not come yet is refused, but for the
 * few seconds that another machine's clock may be ahead: that is now.
 */
export function askedContext(symbol: string, window: string, asOf?: number): AskedContext {
  const root = symbol.trim().toUpperCase()
  if (!/^[A-Z][A-Z0-9]{0,5}$/.test(root)) {
    throw new RangeError('symbol: expected an underlying such as SPX, or a root such as SPXW')
  }
  if (!isWindow(window)) {
    throw new RangeError(`window: expected ${WINDOW_NAMES.join(', ')}, came ${window}`)
  }
  const now = Date.now()
  if (asOf !== undefined && !(Number.isInteger(asOf) && asOf >= 0 && asOf <= now + AHEAD_MS)) {
    throw new RangeError(`asOf: expected whole epoch ms, at most now (${now}), came ${asOf}`)
  }
  const at = Math.min(asOf ?? now, now)
  return { symbol: underlyingOf(root), window, at, isAsOf: asOf !== undefined }
}

/** The context that is asked for; null where the window has no print. `staleMs`: older is stale. */
export async function readContext(
  query: Query,
  { symbol, window, at, isAsOf }: AskedContext,
  staleMs: number,
): Promise<FlowContext | null> {
  const windowMs = WINDOWS[window].ms
  const flow = await readWindow(query, { symbol, windowMs, at, isAsOf })
  return contextOf(flow, { symbol, window, at, staleMs })
}
