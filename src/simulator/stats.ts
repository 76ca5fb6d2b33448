/** What a simulator has done so far. */
export type Stats = {
  connections: number
  framesSent: number
  bytesSent: number
  /** Events made or played, before they are shared out among the subscribers. */
  prints: number
  quotes: number
  authFailures: number
  evictions: number
  /** Clients cut off because they read too slowly. */
  slowKills: number
  socketErrors: number
  restRequests: number
}

export function newStats(): Stats {
  return {
    connections: 0,
    framesSent: 0,
    bytesSent: 0,
    prints: 0,
    quotes: 0,
    authFailures: 0,
    evictions: 0,
    slowKills: 0,
    socketErrors: 0,
    restRequests: 0,
  }
}
