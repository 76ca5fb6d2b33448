import type { Connection } from './connection.ts'

/** Sessions of each key, because the vendor counts connections by account. */
export class Sessions {
  readonly #byKey = new Map<string, Set<Connection>>()
  readonly #max: number
  readonly #evict: 'newest' | 'oldest'

  constructor(max: number, evict: 'newest' | 'oldest') {
    this.#max = max
    this.#evict = evict
  }

  /** Counts a session that has subscribed, and evicts one when it is one too many. */
  add(connection: Connection): void {
    const sessions = this.#byKey.get(connection.key) ?? new Set()
    this.#byKey.set(connection.key, sessions.add(connection))
    if (sessions.size <= this.#max) return
    const victim = this.#evict === 'newest' ? connection : [...sessions][0]!
    sessions.delete(victim)
    victim.evict()
  }

  remove(connection: Connection): void {
    const sessions = this.#byKey.get(connection.key)
    sessions?.delete(connection)
    if (sessions?.size === 0) this.#byKey.delete(connection.key)
  }
}
