export type WatchdogLimits = {
  readonly pingIntervalMs: number
  readonly pongTimeoutMs: number
  readonly silenceMs: number
}

export type Alarm = 'ping' | 'silence'

/**
 * Counts, for one open connection, the time in which something should have come. It has no clock of
 * its own: the session feeds it the ms in which reading was possible, so a pause counts for
 * nothing.
 */
export class Watchdog {
  readonly #limits: WatchdogLimits
  #sinceSentMs = 0
  /** NaN: no ping is out. */
  #awaitingPongMs = Number.NaN
  #silentMs = 0

  constructor(limits: WatchdogLimits) {
    this.#limits = limits
  }

  /** A pong came: the other side lives. */
  pong(): void {
    this.#awaitingPongMs = Number.NaN
  }

  /** A print or quote came; acknowledgements and pongs are no data. */
  data(): void {
    this.#silentMs = 0
  }

  /** Whether it is time for a ping. At most one is out at a time. */
  takePing(): boolean {
    if (this.#sinceSentMs < this.#limits.pingIntervalMs) return false
    if (!Number.isNaN(this.#awaitingPongMs)) return false
    this.#sinceSentMs = 0
    this.#awaitingPongMs = 0
    return true
  }

  /** Lets `readMs` of reading time pass; `dataDue`: in these, data should have come. */
  pass(readMs: number, dataDue: boolean): Alarm | undefined {
    this.#sinceSentMs += readMs
    this.#awaitingPongMs += readMs
    this.#silentMs = dataDue ? this.#silentMs + readMs : 0
    if (this.#awaitingPongMs >= this.#limits.pongTimeoutMs) return 'ping'
    if (this.#silentMs >= this.#limits.silenceMs) return 'silence'
    return undefined
  }
}
