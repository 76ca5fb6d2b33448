import { StateReader, StateWriter } from '../domain/state.ts'

/**
 * What earlier sessions have learnt of print sizes (domain/size-profiles.ts), by underlying, as long
 * as no print of this one asked for it. It belongs to the state of the engine: the database holds
 * newer profiles, which have learnt from the frames that a restart reads again.
 */
export class UnusedProfiles {
  readonly #left: Map<string, Uint8Array>

  constructor(profiles: Iterable<readonly [underlying: string, profile: Uint8Array]>) {
    this.#left = new Map(profiles)
  }

  /** Of bytes that `save` gave. Throws for others. */
  static load(bytes: Uint8Array): UnusedProfiles {
    const from = new StateReader(bytes)
    from.part('unused profiles', 1)
    const names = from.list().map(String)
    const left = names.map((name) => [name, from.column(Uint8Array)] as const)
    from.end()
    return new UnusedProfiles(left)
  }

  /** The profile, once; undefined when there is none, or when it was taken. */
  take(underlying: string): Uint8Array | undefined {
    const profile = this.#left.get(underlying)
    this.#left.delete(underlying)
    return profile
  }

  save(): Uint8Array<ArrayBuffer> {
    const out = new StateWriter()
    out.part('unused profiles', 1)
    out.list([...this.#left.keys()])
    for (const profile of this.#left.values()) out.column(profile)
    return out.bytes()
  }
}
