import { setTimeout as sleep } from 'node:timers/promises'
import type { Hub } from './hub.ts'
import type { SyntheticEvent, SyntheticTape } from './synthetic.ts'
import { eventJson } from './wire.ts'

const TICK_MS = 8
/** Events of one tick; what is more waits for the next one. */
const EVENTS_PER_TICK_MAX = 20_000
/** Further behind than this (a machine that slept), the tape goes on in the present. */
const BEHIND_MS_MAX = 2000

/** Plays a synthetic tape by the wall clock, so that its prints are as fresh as a live feed's. */
export async function playLive(
  tape: SyntheticTape,
  hub: Hub,
  printsMax: number,
  isStopped: () => boolean,
): Promise<void> {
  let prints = 0
  while (!isStopped() && prints < printsMax) {
    const now = Date.now()
    if (now - tape.time > BEHIND_MS_MAX) tape.skipTo(now)
    const events: SyntheticEvent[] = []
    while (tape.time <= now && events.length < EVENTS_PER_TICK_MAX && prints < printsMax) {
      const before = events.length
      tape.take(events)
      for (let i = before; i < events.length; i++) if (events[i]!.kind === 'T') prints++
    }
    hub.publish(
      events.map((event) => ({
        kind: event.kind,
        ticker: event.contract.ticker,
        time: event.time,
        json: eventJson(event),
      })),
    )
    await sleep(TICK_MS)
  }
}
