import type { Database } from '../api/database.ts'
import { askedStream } from '../api/live-filter.ts'
import type { Log } from '../console/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { StreamRoute } from '../metrics/routes.ts'
import { STREAM_DROP_REASONS, STREAM_LIMITS } from '../stream/limits.ts'
import { LiveStream } from '../stream/live-stream.ts'
import { streamRoute } from '../stream/route.ts'
import type { OnRows } from './engine.ts'

export type StreamOfEngine = {
  readonly route: StreamRoute
  readonly onRows: OnRows
  /** A part of the engine died and is there again. */
  readonly noteRebuilt: () => void
}

/** The live stream of an engine. `database`: null while there is none. */
export function streamOfEngine(
  metrics: Metrics,
  log: Log,
  database: () => Database | null,
): StreamOfEngine {
  for (const reason of STREAM_DROP_REASONS) metrics.streamDropped.inc({ reason }, 0)
  const stream = new LiveStream({
    limits: STREAM_LIMITS,
    query: async <R extends object>(text: string, values: readonly unknown[]) => {
      const found = database()
      if (found === null) throw new Error('the database is not there yet')
      return (await found.query(text, values)) as R[]
    },
    onDropped: (reason, messages) => metrics.streamDropped.inc({ reason }, messages),
    onClients: (clients) => metrics.streamClients.set(clients),
    onProblem: (message) => log.warn(message),
  })
  return {
    route: streamRoute(stream, askedStream),
    onRows: (filled, dictionary) => {
      try {
        stream.see(filled, dictionary)
      } catch (error) {
        // a bug here must not take a shard along: nobody is told any more, and all is stored
        log.error('the live stream failed and is closed', error as Error)
        stream.close()
      }
    },
    noteRebuilt: () => stream.noteRebuilt(),
  }
}
