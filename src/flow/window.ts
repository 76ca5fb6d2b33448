import type { FlowWindow } from './flow-context.ts'

const HOUR_MS = 3_600_000

/** What each window is called in a context, and how far it looks back, ms. */
export const WINDOWS = {
  short: { name: '1h', ms: HOUR_MS },
  medium: { name: '4h', ms: 4 * HOUR_MS },
  long: { name: '24h', ms: 24 * HOUR_MS },
} as const satisfies Readonly<Record<FlowWindow, { readonly name: string; readonly ms: number }>>

export const WINDOW_NAMES = Object.keys(WINDOWS) as readonly FlowWindow[]

/** Whether a text that came from outside names a window. */
export function isWindow(text: string): text is FlowWindow {
  return (WINDOW_NAMES as readonly string[]).includes(text)
}
