import type { AlertDatabase } from './database.ts'
import { type Candidate, decide } from './decide.ts'
import { type AlertFacts, FIRST_REVISION } from './facts.ts'
import type { AlertRow, Ledger } from './ledger.ts'
import type { Lookups } from './lookups.ts'
import { asksLegs, asksSums, cooldownKeyOf, isWithin, matchesFacts, matchesLegs } from './match.ts'
import type { Questions } from './questions.ts'
import type { AlertRule, AlertRules, Sink, SinkKind } from './rules.ts'
import type { Job } from './sender.ts'

/** What was told is corrected for so long. */
const CORRECTED_MS_MAX = 86_400_000
/** States of rows that a sink has heard of, or is about to. */
const TOLD: ReadonlySet<AlertRow['state']> = new Set(['pending', 'sending', 'failed', 'sent'])

export type SubjectsOptions = {
  readonly rules: AlertRules
  readonly ledger: Ledger
  readonly database: AlertDatabase
  readonly lookups: Lookups
  readonly questions: Questions
  readonly add: (sink: string, job: Job) => Promise<void>
  readonly onSuppressed: (kind: SinkKind) => void
}

/** Finds out for one event or print at a time who is to be told of it. */
export class Subjects {
  readonly #options: SubjectsOptions
  readonly #sinks: ReadonlyMap<string, Sink>
  readonly #rules: ReadonlyMap<string, AlertRule>

  constructor(options: SubjectsOptions) {
    this.#options = options
    this.#sinks = new Map(options.rules.sinks.map((sink) => [sink.name, sink]))
    this.#rules = new Map(options.rules.rules.map((rule) => [rule.name, rule]))
  }

  /** Tells those whose rules it meets, and corrects what was told of an older version. */
  async look(bare: AlertFacts): Promise<void> {
    const { rules, ledger, database } = this.#options
    const likely = rules.rules.filter((rule) => matchesFacts(rule, bare))
    if (likely.length === 0 && bare.revision <= FIRST_REVISION) return
    const rows = await database.steadily(() => ledger.rowsOf(bare.subject))
    const { facts, met } = await this.#met(bare, likely)
    for (const row of rows) await this.#correct(row, facts, met)
    const now = Date.now()
    const known = new Set(rows.map(({ rule, sink }) => `${rule}\n${sink}`))
    const candidates = met
      .filter(({ maxAgeMs }) => !facts.is_void && now - facts.ended_at <= maxAgeMs)
      .flatMap((rule) => this.#candidatesOf(rule, facts))
      .filter(({ rule, sink }) => !known.has(`${rule.name}\n${sink.name}`))
    if (candidates.length > 0) await this.#tell(facts, candidates, rows, now)
  }

  /** Goes on with a row that a process which is gone had claimed. */
  async resume(row: AlertRow): Promise<void> {
    const { subject, rule, sink, facts, attempts } = row
    const { ledger, database, add } = this.#options
    const maxAgeMs = this.#rules.get(rule)?.maxAgeMs
    if (maxAgeMs === undefined || !this.#sinks.has(sink)) {
      const note = 'its rule or sink is not in the file any more'
      await database.steadily(() => ledger.failed({ subject, rule, sink }, note, true))
      return
    }
    const firstUntil = facts.ended_at + maxAgeMs
    const isFirst = row.revision_sent === null
    const expiresAt = isFirst ? firstUntil : row.claimed_at + CORRECTED_MS_MAX
    await add(sink, { rule, facts, stillMatches: true, expiresAt, firstUntil, attempts })
  }

  /** The rules that it meets, the dearest questions last; with what the legs know, if asked. */
  async #met(
    bare: AlertFacts,
    likely: readonly AlertRule[],
  ): Promise<{ facts: AlertFacts; met: AlertRule[] }> {
    const { lookups, questions } = this.#options
    let facts = bare
    if (bare.subject.startsWith('event:') && likely.some(asksLegs)) {
      const legs = await questions.ask('the rules on legs', () => lookups.legsOf(bare))
      facts = { ...bare, ...legs } // what is not known meets no range
    }
    const met: AlertRule[] = []
    for (const rule of likely) {
      if (!matchesLegs(rule, facts)) continue
      if (!asksSums(rule)) met.push(rule)
      else if (await questions.ask(`rule ${rule.name}`, () => this.#meetsSums(rule, facts))) {
        met.push(rule)
      }
    }
    return { facts, met }
  }

  /** The part of the rule that looks beyond this event. */
  async #meetsSums(rule: AlertRule, facts: AlertFacts): Promise<boolean> {
    const { lookups } = this.#options
    const { repeats, netPremium, score, types } = rule
    if (repeats !== null) {
      const count = await lookups.repeatsOf(facts, types, repeats.withinMs)
      if (count < repeats.count) return false
    }
    if (netPremium !== null) {
      const net = await lookups.netPremiumOf(facts.symbol, netPremium.withinMs)
      if (!isWithin(net, netPremium)) return false
    }
    return score === null || isWithin(await lookups.scoreOf(facts.symbol, score.window), score)
  }

  #candidatesOf(rule: AlertRule, facts: AlertFacts): Candidate[] {
    const cooldownKey = cooldownKeyOf(rule.cooldownPer, facts)
    return rule.sinks.map((name) => ({ rule, sink: this.#sinks.get(name)!, cooldownKey }))
  }

  async #tell(
    facts: AlertFacts,
    candidates: readonly Candidate[],
    rows: readonly AlertRow[],
    now: number,
  ): Promise<void> {
    const { ledger, database, add, onSuppressed } = this.#options
    const cooling = candidates.filter(({ rule }) => rule.cooldownMs > 0)
    const since = now - Math.max(0, ...cooling.map(({ rule }) => rule.cooldownMs))
    const names = cooling.map(({ rule }) => rule.name)
    const keys = cooling.map(({ cooldownKey }) => cooldownKey)
    const last = await database.steadily(async () =>
      cooling.length === 0 ? [] : await ledger.toldAt(names, keys, since),
    )
    const toldAt = new Map(
      last.map(({ rule, cooldown_key, at }) => [`${rule}\n${cooldown_key}`, at]),
    )
    const decisions = decide(
      candidates,
      {
        toldAt: (rule, key) => toldAt.get(`${rule}\n${key}`) ?? null,
        sinksTold: new Set(rows.filter(({ state }) => TOLD.has(state)).map(({ sink }) => sink)),
      },
      now,
    )
    const claimed = await database.steadily(() => ledger.claim(facts, decisions, now))
    const isOurs = new Set(claimed.map(({ rule, sink }) => `${rule}\n${sink}`))
    for (const { rule, sink, suppressedBy } of decisions) {
      if (!isOurs.has(`${rule.name}\n${sink.name}`)) continue
      if (suppressedBy !== null) {
        onSuppressed(sink.kind)
        continue
      }
      const expiresAt = facts.ended_at + rule.maxAgeMs
      const times = { expiresAt, firstUntil: expiresAt }
      await add(sink.name, { rule: rule.name, facts, stillMatches: true, ...times, attempts: 0 })
    }
  }

  /** A newer version of what was told; the sender leaves out what tells nothing new. */
  async #correct(row: AlertRow, facts: AlertFacts, met: readonly AlertRule[]): Promise<void> {
    const isTold = TOLD.has(row.state) || row.revision_sent !== null
    if (!isTold || row.revision >= facts.revision || !this.#sinks.has(row.sink)) return
    const expiresAt = row.claimed_at + CORRECTED_MS_MAX
    if (Date.now() > expiresAt) return
    const stillMatches = met.some(({ name }) => name === row.rule)
    const { rule } = row
    // a version that comes later does not make the alert younger
    const firstUntil = row.facts.ended_at + (this.#rules.get(rule)?.maxAgeMs ?? 0)
    const times = { expiresAt, firstUntil }
    await this.#options.add(row.sink, { rule, facts, stillMatches, ...times, attempts: 0 })
  }
}
