import * as lines from '../console/lines.ts'
import type { SessionEvent } from '../reader/session-events.ts'
import type { LiveFeedOptions } from './live-feed.ts'

/** What a session tells, to the log, the metrics and the gaps on record. */
export function noteSessionEvent(event: SessionEvent, options: LiveFeedOptions): void {
  const { log, metrics, config, gaps } = options
  const { connection } = event
  const host = new URL(config.feedUrl).host
  const mine = options.plans[connection]!.underlyings
  const symbols = mine.length > 0 ? mine : config.symbols
  switch (event.type) {
    case 'connecting':
      log.say(lines.connecting(host, connection))
      break
    case 'connected':
      log.say(lines.connected(host, connection))
      break
    case 'authenticated':
      log.say(lines.authenticated(connection))
      log.say(lines.subscribing(symbols, connection))
      break
    case 'subscribed':
      metrics.feedConnected.set({ connection }, 1)
      gaps.end(connection, Date.now())
      log.say(lines.subscribed(symbols, connection))
      break
    case 'disconnected':
      noteDisconnected(event, symbols, options)
      break
    case 'evicted':
      log.warn(`the feed ends this connection: ${event.message}`, { connection })
      break
    case 'warning':
      log.warn(event.message, { connection })
      break
    case 'fatal':
      options.onFatal(event.message)
      break
  }
}

function noteDisconnected(
  event: SessionEvent & { type: 'disconnected' },
  symbols: '*' | readonly string[],
  { log, metrics, gaps }: LiveFeedOptions,
): void {
  const { connection, reason, code, detail, delayMs } = event
  metrics.feedConnected.set({ connection }, 0)
  if (event.wasReady && reason !== 'stopped') {
    const from = event.lastFrameAt ?? Date.now()
    gaps.begin(connection, from, symbols === '*' ? ['*'] : symbols, reason)
  }
  if (delayMs === null) return
  metrics.feedReconnects.inc({ reason })
  const seconds = Math.round(delayMs / 100) / 10
  const why = detail === '' ? `code ${code}` : detail
  log.warn(`disconnected (${reason}: ${why}); next attempt in ${seconds} s`, { connection })
}
