import { WebSocket } from 'ws'
import { errorCode } from './describe-error.ts'
import type { DisconnectReason } from './session-events.ts'

/** Largest frame; bursts bundle thousands of events into one. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024

/**
 * Opens the vendor's socket. Compression is offered, never used for what we send, which holds the
 * key. Bad UTF-8 is left to the decoder: it costs that frame, not the connection.
 */
export function openSocket(url: string, timeoutMs: number): WebSocket {
  return new WebSocket(url, {
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: { clientNoContextTakeover: true, concurrencyLimit: 4 },
    skipUTF8Validation: true,
    handshakeTimeout: timeoutMs,
    rejectUnauthorized: true,
    followRedirects: false,
  })
}

/** Throws unless `url` is one that a WebSocket can be opened to; the text does not repeat it. */
export function assertFeedUrl(url: string): void {
  const scheme = URL.canParse(url) ? new URL(url).protocol : ''
  if ((scheme === 'ws:' || scheme === 'wss:') && !url.includes('#')) return
  throw new Error(
    'FLOW_FEED_URL: expected a ws:// or wss:// URL without a fragment, ' +
      `came ${scheme === '' ? 'text that is no URL' : `a ${scheme}// URL`}`,
  )
}

/** What a socket that was never asked to close ended of. */
export function reasonOf(error: Error | undefined, wasOpen: boolean): DisconnectReason {
  const code = errorCode(error)
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'frame_too_large'
  if (code.startsWith('WS_ERR_') || code.startsWith('Z_')) return 'protocol_error'
  return wasOpen ? 'closed' : 'connect_failed'
}
