import { isIPv6 } from 'node:net'

/** Addresses that are remembered; the one that has asked least recently makes room. */
const ADDRESSES_MAX = 4096
/** An IPv6 customer has the 64 bits after this prefix for itself. */
const IPV6_GROUPS = 4

type Bucket = { tokens: number; filledAt: number }

/** A token bucket for each client address: `burst` requests at once, `perSecond` for long. */
export class RateLimit {
  readonly #perSecond: number
  readonly #burst: number
  /** In the order of the last request. */
  readonly #buckets = new Map<string, Bucket>()

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** 0: the request may pass; else the whole seconds to wait. `now` in ms, never going back. */
  take(address: string, now: number): number {
    const key = clientOf(address)
    const known = this.#buckets.get(key)
    const bucket = known ?? { tokens: this.#burst, filledAt: now }
    const filled = bucket.tokens + ((now - bucket.filledAt) / 1000) * this.#perSecond
    bucket.tokens = Math.min(this.#burst, filled)
    bucket.filledAt = now
    this.#buckets.delete(key)
    if (this.#buckets.size >= ADDRESSES_MAX) this.#forgetOldest()
    this.#buckets.set(key, bucket)
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond)
    bucket.tokens--
    return 0
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key)
      return
    }
  }
}

/** What counts as one client: an IPv4 address, also in IPv6 clothes, or a /64 of IPv6. */
export function clientOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    while (groups.length + after.length < 8) groups.push('0')
    groups.push(...after)
  }
  return groups.slice(0, IPV6_GROUPS).join(':')
}
