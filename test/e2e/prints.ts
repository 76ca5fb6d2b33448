/** A vendor key that stands in no other text, so that a leak is found by searching for it. */
export const SECRET_KEY = 'k3y-Zq7.must_not/leak+out=='

export const CONTRACT = 'O:SPY271217C00650000'

let sequence = 0

/** A T event of now that is stored alone: 10 contracts, no quote; `over` replaces fields. */
export function trade(over: Record<string, unknown> = {}): Record<string, unknown> {
  sequence++
  return {
    ev: 'T',
    sym: CONTRACT,
    x: 302,
    p: 1.54,
    s: 10,
    c: [209],
    t: Date.now(),
    q: sequence,
    ...over,
  }
}

/** A Q event of now: 1.50 at 1.60. */
export function quote(over: Record<string, unknown> = {}): Record<string, unknown> {
  sequence++
  return {
    ev: 'Q',
    sym: CONTRACT,
    bx: 302,
    ax: 302,
    bp: 1.5,
    ap: 1.6,
    bs: 10,
    as: 20,
    t: Date.now(),
    q: sequence,
    ...over,
  }
}
