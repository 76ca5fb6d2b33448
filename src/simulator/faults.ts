/** Faults that happen once, at a time after the first subscription. */
const TIMED = [
  'drop', // every connection ends without a close frame
  'close', // every connection is closed with 1001
  'evict', // max_connections, then close 1008
  'halfopen', // the connections stay open and nothing comes any more, no pong either
  'garbage', // a text frame that is no JSON
  'badutf8', // a text frame that is no UTF-8
  'binary', // a binary frame
  'bigframe', // a frame of 15 MiB, which a client must take
  'hugeframe', // a frame of 17 MiB, which a client must refuse
  'silence', // no data for a while, pongs go on
] as const

/** Faults of a share of the REST requests, from the start. */
const SHARED = [
  'rest429', // refused with 429 and Retry-After
  'rest500', // failed with 500
  'restdelay', // answered late, after 2 s unless a time is given
  'resthang', // never answered
  'restempty', // answered without results
] as const

/** Faults that hold from the start. */
const STANDING = [
  'authfail', // every key is refused
  'noplan', // the plan has no WebSocket access
  'authtimeout', // the auth message is overheard
  'maxconn', // every connection is one too many
  'slow-rest', // REST answers after 2 s
  'rest429', // the first two requests of each REST path get 429
] as const

export type TimedFault = {
  readonly name: (typeof TIMED)[number]
  /** After the first subscription. */
  readonly atMs: number
  /** Of `silence`. */
  readonly durationMs: number
}
export type StandingFault = (typeof STANDING)[number]
export type SharedFault = {
  readonly name: (typeof SHARED)[number]
  /** Of the requests, above 0 up to 1. */
  readonly share: number
  /** Of `restdelay`. */
  readonly delayMs: number
}
export type Fault = TimedFault | SharedFault | { readonly name: StandingFault }

const DELAY_MS = 2000
const SHARED_FORM = /^([a-z0-9]+):(\d+(?:\.\d+)?)%(?::(\d+(?:\.\d+)?)(ms|s))?$/
const FORM = /^([a-z0-9-]+)(?:@(\d+(?:\.\d+)?)(ms|s))?(?::(\d+(?:\.\d+)?)(ms|s))?$/

/**
 * Parses `drop@10s`, `silence@5s:30s`, `authfail`, `rest500:10%`, `restdelay:5%:300ms`. Throws one
 * line for anything else.
 */
export function parseFault(text: string): Fault {
  const shared = parseShared(text)
  if (shared !== null) return shared
  const [, name, at, atUnit, duration, durationUnit] = FORM.exec(text) ?? []
  const timed = TIMED.find((known) => known === name)
  const standing = STANDING.find((known) => known === name)
  if (standing !== undefined) {
    if (at === undefined && duration === undefined) return { name: standing }
    throw new Error(`${text}: ${standing} holds from the start, write it without a time`)
  }
  if (timed === undefined) {
    const examples = [
      ...TIMED.map((known) => `${known}@10s`),
      ...STANDING,
      ...SHARED.map((known) => `${known}:10%`),
    ]
    const names = examples.join(', ')
    throw new Error(`${text}: no such fault, expected one of ${names}`)
  }
  if (at === undefined) throw new Error(`${text}: needs a time, such as ${timed}@10s`)
  if ((timed === 'silence') !== (duration !== undefined)) {
    const why = timed === 'silence' ? 'needs a length, such as silence@5s:30s' : 'has no length'
    throw new Error(`${text}: ${timed} ${why}`)
  }
  return {
    name: timed,
    atMs: milliseconds(at, atUnit),
    durationMs: duration === undefined ? 0 : milliseconds(duration, durationUnit),
  }
}

function parseShared(text: string): SharedFault | null {
  const [, name, percent, delay, delayUnit] = SHARED_FORM.exec(text) ?? []
  const shared = SHARED.find((known) => known === name)
  if (shared === undefined) return null
  const share = Number(percent) / 100
  if (!(share > 0 && share <= 1)) {
    throw new Error(`${text}: expected a share above 0 % up to 100 %, came ${percent} %`)
  }
  if (delay === undefined) return { name: shared, share, delayMs: DELAY_MS }
  if (shared !== 'restdelay') throw new Error(`${text}: ${shared} has no length`)
  return { name: shared, share, delayMs: milliseconds(delay, delayUnit) }
}

export function isShared(fault: Fault): fault is SharedFault {
  return 'share' in fault
}

export function isTimed(fault: Fault): fault is TimedFault {
  return 'atMs' in fault
}

function milliseconds(number: string, unit: string | undefined): number {
  return Number(number) * (unit === 's' ? 1000 : 1)
}
