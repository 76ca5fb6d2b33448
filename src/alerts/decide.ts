import type { AlertRule, Sink } from './rules.ts'

/** A rule that an event or print meets, with one of its sinks. */
export type Candidate = {
  readonly rule: AlertRule
  readonly sink: Sink
  /** What a cooldown of the rule counts together. */
  readonly cooldownKey: string
}

/** What became of a candidate: null: it is told; else why not. */
export type Decision = Candidate & { readonly suppressedBy: 'cooldown' | 'dedupe' | null }

/** What the ledger knows already. */
export type Known = {
  /** When the rule last told of this key, epoch ms; null: never. */
  readonly toldAt: (rule: string, cooldownKey: string) => number | null
  /** Sinks that were told of this very event or print, by whatever rule. */
  readonly sinksTold: ReadonlySet<string>
}

/**
 * What to do with the rules that one event or print meets, in the order of the file: a rule in its
 * cooldown is silent for all its sinks, and a sink that dedupes hears of it from the first of the
 * others only.
 */
export function decide(candidates: readonly Candidate[], known: Known, now: number): Decision[] {
  const told = new Set(known.sinksTold)
  return candidates.map((candidate) => {
    const { rule, sink, cooldownKey } = candidate
    const last = rule.cooldownMs > 0 ? known.toldAt(rule.name, cooldownKey) : null
    if (last !== null && now - last < rule.cooldownMs) {
      return { ...candidate, suppressedBy: 'cooldown' }
    }
    if (sink.dedupes && told.has(sink.name)) return { ...candidate, suppressedBy: 'dedupe' }
    told.add(sink.name)
    return { ...candidate, suppressedBy: null }
  })
}
