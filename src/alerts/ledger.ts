import type { Query } from './database.ts'
import type { Decision } from './decide.ts'
import type { AlertFacts } from './facts.ts'

/** With `owner`: the advisory lock that a living process holds. */
const LOCK_CLASS = 7306094
const UNFINISHED = `state IN ('pending', 'sending', 'failed')`
const KEY = 'subject = $1 AND rule = $2 AND sink = $3'

/** Names a row of the ledger. */
export type AlertKey = { readonly subject: string; readonly rule: string; readonly sink: string }

export type AlertRow = AlertKey & {
  readonly state: 'pending' | 'sending' | 'sent' | 'failed' | 'given_up' | 'suppressed'
  readonly revision: number
  readonly revision_sent: number | null
  readonly attempts: number
  readonly claimed_at: number
  readonly facts: AlertFacts
}

/** A row whose sink may be asked now. */
export type Begun = {
  readonly revision_sent: number | null
  readonly message_id: string | null
  /** What the sink was told last; null: nothing yet. */
  readonly told: AlertFacts | null
}

const ROW = `subject, rule, sink, state, revision, revision_sent, attempts,
  claimed_at::float8 AS claimed_at, facts`

/**
 * flow_alerts: what was sent of which event. Each statement may be tried again after a lost answer:
 * it then finds its own work done.
 */
export class Ledger {
  readonly #query: Query
  readonly #owner: number
  /** Taking over was begun and its answer may be lost. */
  #isAdopting = false

  /** `owner`: a whole number of 31 bits at random, of this thread alone. */
  constructor(query: Query, owner: number) {
    this.#query = query
    this.#owner = owner
  }

  /**
   * Tells other processes that this one lives, for as long as the connection of `query` does.
   * Rejects while the session before still holds the lock, or another process is taking over: to
   * work without it would be to share what is under way with others.
   */
  async lock(query: Query): Promise<void> {
    const text = 'SELECT pg_try_advisory_lock($1, $2) AS is_ours'
    const [tried] = await query<{ is_ours: boolean }>(text, [LOCK_CLASS, this.#owner])
    if (tried?.is_ours === true) return
    throw new Error('the session before this one still holds the lock of these alerts')
  }

  /** What was claimed for an event or print. */
  rowsOf(subject: string): Promise<AlertRow[]> {
    return this.#query<AlertRow>(`SELECT ${ROW} FROM flow_alerts WHERE subject = $1`, [subject])
  }

  /** When rules last told of their keys since `since` (epoch ms), pair by pair. */
  toldAt(
    rules: readonly string[],
    keys: readonly string[],
    since: number,
  ): Promise<{ rule: string; cooldown_key: string; at: number }[]> {
    return this.#query(
      `SELECT rule, cooldown_key, max(claimed_at)::float8 AS at FROM flow_alerts
       WHERE (rule, cooldown_key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
         AND claimed_at > $3 AND state NOT IN ('suppressed', 'given_up')
       GROUP BY rule, cooldown_key`,
      [rules, keys, since],
    )
  }

  /** Claims what was decided; gives the rows that this process may send. */
  claim(facts: AlertFacts, decisions: readonly Decision[], now: number): Promise<AlertKey[]> {
    return this.#query<AlertKey>(
      `INSERT INTO flow_alerts AS a
         (claimed_at, owner, revision, subject, rule, sink, cooldown_key, state, note, facts)
       SELECT $1, $2, $3, $4, rule, sink, key,
         CASE WHEN note IS NULL THEN 'pending' ELSE 'suppressed' END, note, $9
       FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) AS _ (rule, sink, key, note)
       ON CONFLICT (subject, rule, sink) DO UPDATE SET owner = a.owner
         WHERE a.owner = $2 AND a.state = 'pending' AND a.attempts = 0
       RETURNING subject, rule, sink`,
      [
        now,
        this.#owner,
        facts.revision,
        facts.subject,
        decisions.map(({ rule }) => rule.name),
        decisions.map(({ sink }) => sink.name),
        decisions.map(({ cooldownKey }) => cooldownKey),
        decisions.map(({ suppressedBy }) => suppressedBy),
        JSON.stringify(facts),
      ],
    )
  }

  /**
   * Takes a row for one try of one version. Undefined: it is not to be sent, by another process or
   * a newer version, or it is done.
   */
  async begin(
    key: AlertKey,
    facts: AlertFacts,
    attempt: number,
    now: number,
  ): Promise<Begun | undefined> {
    const [row] = await this.#query<Begun>(
      `UPDATE flow_alerts SET state = 'sending', owner = $4, revision = $5, attempts = $6,
         tried_at = $7, facts = $8
       WHERE ${KEY} AND (
         revision < $5 AND (state = 'sent' OR owner = $4 AND ${UNFINISHED}
           OR revision_sent IS NOT NULL AND state <> 'sending')
         OR revision = $5 AND owner = $4 AND (state IN ('pending', 'failed')
           OR state = 'sending' AND attempts = $6))
       RETURNING revision_sent, message_id, told`,
      [...values(key), this.#owner, facts.revision, attempt, now, JSON.stringify(facts)],
    )
    return row
  }

  /** The sink has this version. A newer one that was begun meanwhile stays under way. */
  async sent(key: AlertKey, facts: AlertFacts, messageId: string | null, now: number) {
    await this.#query(
      `UPDATE flow_alerts SET revision_sent = $4, sent_at = $6, told = $7,
         state = CASE WHEN revision = $4 THEN 'sent' ELSE state END,
         note = CASE WHEN revision = $4 THEN NULL ELSE note END,
         message_id = coalesce($5, message_id)
       WHERE ${KEY} AND (revision_sent IS NULL OR revision_sent <= $4)`,
      [...values(key), facts.revision, messageId, now, JSON.stringify(facts)],
    )
  }

  /** The version that was begun tells nothing that the sink does not know. */
  async nothingNew(key: AlertKey): Promise<void> {
    await this.#query(
      `UPDATE flow_alerts SET state = 'sent', revision_sent = revision WHERE ${KEY} AND ${UNFINISHED}`,
      values(key),
    )
  }

  /** It was not taken; `isLast`: and is not tried again. */
  async failed(key: AlertKey, note: string, isLast: boolean): Promise<void> {
    await this.#query(
      `UPDATE flow_alerts SET state = $4, note = $5 WHERE ${KEY} AND ${UNFINISHED}`,
      [...values(key), isLast ? 'given_up' : 'failed', note],
    )
  }

  /** Nothing is left to tell. */
  async suppress(key: AlertKey, note: string): Promise<void> {
    await this.#query(
      `UPDATE flow_alerts SET state = 'suppressed', note = $4 WHERE ${KEY} AND ${UNFINISHED}`,
      [...values(key), note],
    )
  }

  /**
   * Takes over what processes that are gone have left: what they had not begun, and once more what
   * nobody knows the outcome of; the second time that is given up. After a lost answer what this
   * process has itself and is not sending is given too, since it may be what was taken over.
   */
  async adopt(): Promise<AlertRow[]> {
    const isAgain = this.#isAdopting
    this.#isAdopting = true
    const owners = await this.#query<{ owner: number }>(
      `SELECT DISTINCT owner FROM flow_alerts WHERE owner <> $1 AND ${UNFINISHED}`,
      [this.#owner],
    )
    const adopted: AlertRow[] = []
    for (const { owner } of owners) {
      const lock = [LOCK_CLASS, owner]
      const text = 'SELECT pg_try_advisory_lock($1, $2) AS is_free'
      const [tried] = await this.#query<{ is_free: boolean }>(text, lock)
      if (tried?.is_free !== true) continue
      try {
        adopted.push(...(await this.#takeOver(owner)))
      } finally {
        await this.#query('SELECT pg_advisory_unlock($1, $2)', lock)
      }
    }
    const own = isAgain ? await this.#own() : adopted.filter(({ state }) => state !== 'given_up')
    this.#isAdopting = false
    return own
  }

  #own(): Promise<AlertRow[]> {
    return this.#query<AlertRow>(
      `SELECT ${ROW} FROM flow_alerts WHERE owner = $1 AND state IN ('pending', 'failed')`,
      [this.#owner],
    )
  }

  #takeOver(owner: number): Promise<AlertRow[]> {
    return this.#query<AlertRow>(
      `UPDATE flow_alerts SET owner = $1,
         state = CASE WHEN state = 'sending' AND resends > 0 THEN 'given_up'
           WHEN state = 'sending' THEN 'failed' ELSE state END,
         note = CASE WHEN state = 'sending' THEN 'the process ended while it was sent' ELSE note END,
         resends = CASE WHEN state = 'sending' THEN 1 ELSE resends END
       WHERE owner = $2 AND ${UNFINISHED} RETURNING ${ROW}`,
      [this.#owner, owner],
    )
  }

  /** Removes rows that were claimed before `cutoff`, epoch ms, some at a time. */
  async removeBefore(cutoff: number): Promise<void> {
    await this.#query(
      `DELETE FROM flow_alerts WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM flow_alerts WHERE claimed_at < $1 LIMIT 10000))`,
      [cutoff],
    )
  }
}

function values({ subject, rule, sink }: AlertKey): readonly string[] {
  return [subject, rule, sink]
}
