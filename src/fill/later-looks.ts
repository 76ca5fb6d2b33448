import type { Client } from 'pg'
import { newYorkDay, startOfNewYorkDay } from '../domain/new-york.ts'
import { doneGaps, type EndedGap } from './gap-queue.ts'

const MINUTE_MS = 60_000
/** From one look at a gap to the next; the last wait comes again. */
const WAITS_MS = [5, 30, 120, 180].map((minutes) => minutes * MINUTE_MS)
/** Of one gap: with these waits more than a day has. */
const LOOKS_MAX = 10
/** What was received on the old day is stored by then. */
const LAST_AFTER_MS = 2 * MINUTE_MS

type Looked = { readonly looks: number; readonly at: number; readonly isLast: boolean }

/**
 * Contracts of a gap may have their first row of the day long after it, and one that could not be
 * filled may get better: when gaps that were looked at are to be looked at again. What an earlier
 * process did is not known: its gaps begin anew.
 */
export class LaterLooks {
  readonly #looked = new Map<string, Looked>()

  /** A gap was looked at, `now` in epoch ms. */
  note({ gapId, endedAt }: EndedGap, now: number): void {
    const looks = (this.#looked.get(gapId)?.looks ?? -1) + 1
    this.#looked.set(gapId, { looks, at: now, isLast: now >= lastLookAt(endedAt) })
  }

  /** The oldest of the gaps ended at `since` or later that is due at `now`, epoch ms; null: none. */
  async next(client: Client, since: number, now: number): Promise<EndedGap | null> {
    const gaps = await doneGaps(client, since)
    const ids = new Set(gaps.map(({ gapId }) => gapId))
    for (const gapId of this.#looked.keys()) if (!ids.has(gapId)) this.#looked.delete(gapId)
    for (const gap of gaps) {
      if (!this.#looked.has(gap.gapId)) {
        this.#looked.set(gap.gapId, { looks: 0, at: now, isLast: false })
      }
    }
    return gaps.find((gap) => isDue(this.#looked.get(gap.gapId)!, gap, now)) ?? null
  }
}

function isDue({ looks, at, isLast }: Looked, { endedAt }: EndedGap, now: number): boolean {
  if (now >= lastLookAt(endedAt)) return !isLast
  return looks < LOOKS_MAX && now >= at + (WAITS_MS[looks] ?? WAITS_MS.at(-1)!)
}

/** When no contract can get its first row of that New York day any more, epoch ms. */
function lastLookAt(endedAt: number): number {
  return startOfNewYorkDay(newYorkDay(endedAt) + 1) + LAST_AFTER_MS
}
