/** An event with what is needed to share it out. */
export type WireEvent = {
  readonly kind: 'T' | 'Q'
  readonly ticker: string
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
    const { ev, sym } = (item ?? {}) as { ev?: unknown; sym?: unknown }
    if ((ev !== 'T' && ev !== 'Q') || typeof sym !== 'string') continue
    events.push({ kind: ev, ticker: sym, json: JSON.stringify(item) })
  }
  return events
}
