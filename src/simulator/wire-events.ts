/** An event with what is needed to share it out and to find it again. */
export type WireEvent = {
  readonly kind: 'T' | 'Q'
  readonly ticker: string
  /** Vendor time, epoch ms; NaN when it has none that is a whole number. */
  readonly time: number
  readonly json: string
}

/** The T and Q events of a frame; none for a frame that is no JSON. */
export function wireEventsOf(frame: string): WireEvent[] {
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    return []
  }
  const events: WireEvent[] = []
  for (const item of Array.isArray(value) ? value : [value]) {
    const { ev, sym, t } = (item ?? {}) as { ev?: unknown; sym?: unknown; t?: unknown }
    if ((ev !== 'T' && ev !== 'Q') || typeof sym !== 'string') continue
    const time = typeof t === 'number' && Number.isSafeInteger(t) ? t : NaN
    events.push({ kind: ev, ticker: sym, time, json: JSON.stringify(item) })
  }
  return events
}
