import type { Peer } from '../reader/vendor-server.ts'
import { eventually } from './flow-process.ts'

/**
 * What a connection asked for first. Looks instead of waiting in `heard`, which holds one waiter
 * only: the handshake of the vendor itself.
 */
export function asked(peer: Peer): Promise<{ action: string; params: string }> {
  return eventually('a subscription', () => peer.said[1])
}
