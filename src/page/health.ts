import { useEffect, useRef } from 'preact/hooks'
import type { Api } from './api.ts'
import type { Gap, Health } from './banners.ts'
import { GapFills } from './gap-fills.ts'
import type { Stats } from './header.tsx'
import { usePoll } from './hooks.ts'
import type { LiveTape } from './live-tape.ts'

const STATS_MS = 3000
const GAPS_MS = 5000
const GAPS_MAX = 50
/** A fill goes a little over the edges of its gap. */
const GAP_EDGE_MS = 10_000
const LOOK_BACK_MS = 24 * 60 * 60_000

type Watched = {
  readonly stats: Stats | null
  readonly rate: number | null
  readonly health: Health
}

/** How the engine is, asked again and again. */
export function useHealth(api: Api, tape: LiveTape, epoch: number): Watched {
  const stats = usePoll<Stats>(api, '/api/stats', STATS_MS, epoch)
  const since = useRef(Date.now() - LOOK_BACK_MS)
  const path = `/api/gaps?since=${since.current}&limit=${GAPS_MAX}`
  const gaps = usePoll<{ gaps: readonly Gap[] }>(api, path, GAPS_MS, epoch)
  // a connection may be dead without a word; then nothing else is answered either
  useEffect(() => {
    if (stats.error?.status === 0) tape.doubt()
  }, [stats.error])
  const fills = useRef(new GapFills())
  useEffect(() => {
    for (const gap of fills.current.due(gaps.data?.gaps ?? [])) {
      const failed = (): void => fills.current.failed(gap)
      const until = (gap.ended_at ?? Date.now()) + GAP_EDGE_MS
      tape.bring(gap.started_at - GAP_EDGE_MS, until).catch(failed)
    }
  }, [gaps.data])
  const last = useRef({ received: -1, at: Date.now(), changedAt: Date.now() })
  const rate = useRef<number | null>(null)
  const received = stats.data?.account.received ?? -1
  const seen = useRef<Stats | null>(null)
  if (stats.data !== null && stats.data !== seen.current) {
    seen.current = stats.data
    const now = Date.now()
    const before = last.current
    const isNew = received !== before.received
    // an engine that was started again counts from 0
    if (before.received >= 0 && received >= before.received && now > before.at) {
      rate.current = Math.round(((received - before.received) * 1000) / (now - before.at))
    }
    last.current = { received, at: now, changedAt: isNew ? now : before.changedAt }
  }
  // without a token it has answered that
  const isSilent = stats.error !== null && stats.error.status !== 401
  // what needs no database is answered; on a dead connection the other question may fail first
  const isStoreAway = stats.error === null && gaps.failedAt !== null && stats.at > gaps.failedAt
  return {
    stats: stats.data,
    rate: rate.current,
    health: {
      awaySince: tape.awaySince,
      silentSince: isSilent ? stats.at : null,
      storeSince: isStoreAway ? gaps.at : null,
      ready: stats.error === null ? (stats.data?.ready ?? null) : null,
      receivedAt: last.current.changedAt,
      askedAt: stats.at,
      gaps: gaps.data?.gaps ?? [],
      missed: tape.missed,
    },
  }
}
