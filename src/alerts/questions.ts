import { setTimeout as sleep } from 'node:timers/promises'
import { type AlertDatabase, wordsOf } from './database.ts'

const TRIES_MAX = 3
const RETRY_MS = 250
/** Nothing is asked for so long: all events wait for the one that is looked at. */
const REST_MS = 5 * 60_000

export type QuestionsOptions = {
  readonly database: Pick<AlertDatabase, 'query' | 'steadily'>
  /** Once for each rest, in words. */
  readonly onGivenUp: (line: string) => void
  /** For each event or print that was looked at without the answer. */
  readonly onSkipped: () => void
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Questions of rules, which may be too dear or fail for one symbol alone. A database that is away
 * is waited for; a question that fails while it answers others is given up after some tries.
 */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #restsUntil = new Map<string, number>()

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /**
   * The answer; undefined: there is none, and `name` is not asked for 5 minutes. `name`: of a rule,
   * so that there are few. Rejects at the stop, and after a bug.
   */
  async ask<T>(name: string, question: () => Promise<T>): Promise<T | undefined> {
    const { onGivenUp, onSkipped, now } = this.#options
    if (now() < (this.#restsUntil.get(name) ?? 0)) {
      onSkipped()
      return undefined
    }
    for (let failures = 0; ; ) {
      try {
        return await question()
      } catch (error) {
        if (error instanceof TypeError || error instanceof RangeError) throw error
        failures = (await this.#isThere()) ? failures + 1 : 0
        if (failures < TRIES_MAX) {
          await sleep(RETRY_MS)
          continue
        }
        this.#restsUntil.set(name, now() + REST_MS)
        const rest = `it counts as not met for ${REST_MS / 60_000} minutes`
        onGivenUp(`alerts: ${name} cannot be answered, ${rest}: ${wordsOf(error)}`)
        onSkipped()
        return undefined
      }
    }
  }

  /** Whether the database answers at once; if not, it is waited for. */
  async #isThere(): Promise<boolean> {
    const { database } = this.#options
    let tries = 0
    await database.steadily(() => {
      tries++
      return database.query('SELECT 1', [])
    })
    return tries === 1
  }
}
