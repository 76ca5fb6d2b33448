import type { Missed } from '../domain/live-missed.ts'
import { countText, durationText, timeText } from './format.ts'

/** A line above the tape. `bad`: what is shown may be wrong or old; `note`: it is good to know. */
export type Banner = { readonly id: string; readonly tone: 'bad' | 'note'; readonly text: string }

/** A row of GET /api/gaps. */
export type Gap = {
  readonly gap_id: string
  readonly started_at: number
  readonly ended_at: number | null
  readonly symbols: readonly string[]
  readonly reason: string
  readonly status: string
  readonly filled: number
}

/** What is known of the engine and of the way to it. */
export type Health = {
  /** Since when there is no stream, epoch ms; null: there is one. */
  readonly awaySince: number | null
  /** `ready`, or why not; null: not asked yet, or no answer. */
  readonly ready: string | null
  /** Since when the engine answers nothing, epoch ms; null: it does. */
  readonly silentSince: number | null
  /** Since when its database answers nothing, epoch ms; null: it does. */
  readonly storeSince: number | null
  /** When the count of received prints last changed, epoch ms. */
  readonly receivedAt: number
  /** When it was last known, epoch ms. */
  readonly askedAt: number
  readonly gaps: readonly Gap[]
  readonly missed: readonly Missed[]
}

/** Without a print for this long what is seen is called old. */
export const QUIET_MS = 60_000
/** A gap that ended longer ago than this is no news. */
const GAP_NEWS_MS = 60 * 60_000
const GAPS_TOLD = 2
/** What was left out longer ago than this has been asked of the store long since. */
const MISSED_NEWS_MS = 10 * 60_000

/** What has to be said at `now`, epoch ms, the worst first. */
export function bannersOf(health: Health, now: number): readonly Banner[] {
  return [...staleBanners(health), ...gapBanners(health.gaps, now), ...missed(health.missed, now)]
}

function staleBanners(health: Health): Banner[] {
  const { askedAt, awaySince, ready, receivedAt, silentSince, storeSince } = health
  const quietMs = askedAt - receivedAt
  if (awaySince !== null) {
    const text = `Not connected to the engine since ${timeText(awaySince)} ET: nothing below is live`
    return [{ id: 'stale', tone: 'bad', text }]
  }
  if (silentSince !== null) {
    const text = `The engine has not answered since ${timeText(silentSince)} ET: all of this is old`
    return [{ id: 'stale', tone: 'bad', text }]
  }
  if (storeSince !== null) {
    const since = `The database has not answered since ${timeText(storeSince)} ET`
    return [{ id: 'stale', tone: 'bad', text: `${since}: cards, chart and new events are old` }]
  }
  if (ready !== null && ready !== 'ready') {
    return [{ id: 'stale', tone: 'bad', text: `The engine is not ready: ${ready}` }]
  }
  if (quietMs < QUIET_MS) return []
  const text = `No print received for ${durationText(quietMs)}: the market or the feed is silent`
  return [{ id: 'stale', tone: 'bad', text }]
}

/** All that are open, and the newest of those that are over. */
function gapBanners(gaps: readonly Gap[], now: number): Banner[] {
  const open = gaps.filter(({ ended_at }) => ended_at === null).slice(0, GAPS_TOLD)
  const over = gaps.filter(({ ended_at }) => ended_at !== null && now - ended_at < GAP_NEWS_MS)
  return [...open.map(openGap), ...over.slice(0, 1).map((gap) => endedGap(gap, over.length - 1))]
}

function openGap(gap: Gap): Banner {
  const since = `Gap since ${timeText(gap.started_at)} ET (${gap.reason})`
  return { id: `gap ${gap.gap_id}`, tone: 'bad', text: `${since}: ${which(gap)} may be missing` }
}

function endedGap(gap: Gap, more: number): Banner {
  const { gap_id, started_at, filled, reason } = gap
  const ended = gap.ended_at!
  const span = `${timeText(started_at)} to ${timeText(ended)} ET, ${durationText(ended - started_at)}`
  const brought = filled > 0 ? `${countText(filled)} filled` : 'none filled'
  const others = more > 0 ? `; ${more} more in the last hour` : ''
  const text = `Gap ${span} (${reason}): ${which(gap)} may be missing, ${brought}${others}`
  return { id: `gap ${gap_id} ended ${filled}`, tone: 'note', text }
}

function which({ symbols }: Gap): string {
  return symbols.includes('*') ? 'prints' : `prints of ${symbols.slice(0, 6).join(', ')}`
}

/** A break of the connection is told above, and its prints are asked of the store. */
function missed(all: readonly Missed[], now: number): Banner[] {
  const told = all.filter(({ reason, to }) => reason !== 'reconnect' && now - to < MISSED_NEWS_MS)
  const last = told.at(-1)
  if (last === undefined) return []
  const count = told.some((one) => one.count === null)
    ? 'Some'
    : countText(told.reduce((sum, one) => sum + (one.count ?? 0), 0))
  const why = WHY[last.reason]
  const rest = last.kind === 'prints' ? 'they are asked of the store' : 'labels may have changed'
  const text = `${count} ${last.kind} were not streamed (${why}); ${rest}`
  // closed, it is away for a while, however often more are left out
  const period = Math.floor(last.to / MISSED_NEWS_MS)
  return [{ id: `missed ${last.reason} ${period}`, tone: 'note', text }]
}

const WHY: Readonly<Record<Missed['reason'], string>> = {
  reconnect: 'the connection broke',
  rate: 'more than the stream tells a second; set a filter',
  look_back: 'they came too late or too long ago',
  database: 'the database did not answer',
  rebuild: 'a part of the engine was built again',
}
