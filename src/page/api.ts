import { ApiError } from './api-error.ts'

const TOKEN_KEY = 'flow.token'
const PATIENCE_MS = 15_000

/** A token as the protocol takes it, which allows no brackets. */
function wordOf(token: string): string {
  return encodeURIComponent(token).replaceAll('(', '%28').replaceAll(')', '%29')
}

/** The engine's API. The token stays in this tab, and goes nowhere but into the header. */
export class Api {
  /** Told when the engine wants a token, or another one. */
  onUnauthorised: (message: string) => void = () => {}

  get token(): string | null {
    return sessionStorage.getItem(TOKEN_KEY)
  }

  set token(token: string | null) {
    if (token === null) sessionStorage.removeItem(TOKEN_KEY)
    else sessionStorage.setItem(TOKEN_KEY, token)
  }

  /** Throws an ApiError for everything but a 200. */
  async get<T>(path: string): Promise<T> {
    const { token } = this
    const headers = token === null ? {} : { Authorization: `Bearer ${token}` }
    let response: Response
    try {
      response = await fetch(path, { headers, signal: AbortSignal.timeout(PATIENCE_MS) })
    } catch {
      throw new ApiError(0, 'the engine does not answer')
    }
    const body = (await response.json().catch(() => null)) as (T & { error?: string }) | null
    if (response.ok) {
      if (body !== null) return body
      // a connection that dies in the middle has brought a status all the same
      throw new ApiError(0, 'the answer of the engine broke off')
    }
    const message = body?.error ?? `the engine answers with ${response.status}`
    if (response.status === 401) this.onUnauthorised(message)
    throw new ApiError(response.status, message)
  }

  /** A WebSocket of the live stream. A browser brings the token as a subprotocol. */
  stream(query: URLSearchParams): WebSocket {
    const { token } = this
    const protocols = token === null ? [] : [`flow.bearer.${wordOf(token)}`]
    const url = new URL(`/api/stream?${query}`, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return new WebSocket(url, ['flow.v1', ...protocols])
  }
}
