import type { Config } from '../config.ts'
import type { ConnectionPlan } from '../reader/plan.ts'
import type { GapRecorder } from './gap-recorder.ts'
import type { LiveEngine } from './live-engine.ts'

/** The time since the last engine on this database is a gap: prints came and nobody read them. */
export function recordDowntime(
  { storedBefore, journal }: LiveEngine,
  gaps: GapRecorder,
  plans: readonly ConnectionPlan[],
  symbols: Config['symbols'],
): void {
  const { previous } = storedBefore
  if (previous === null) return
  const { receivedTo, drained } = previous
  const all = symbols === '*' ? ['*'] : symbols
  for (const { connection, underlyings } of plans) {
    const names = underlyings.length > 0 ? underlyings : all
    const from = Math.max(receivedTo, journal.lastRecv.get(connection) ?? 0)
    gaps.begin(connection, from, names, drained ? 'stopped' : 'crashed')
  }
}
