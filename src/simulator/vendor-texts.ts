/** The vendor's status messages, word for word (vendor documentation and public probes, 2026). */

type Status = { readonly status: string; readonly message: string }

/** A frame of status objects; the vendor batches the answers to one request. */
export function statusFrame(...messages: readonly Status[]): string {
  return JSON.stringify(messages.map(({ status, message }) => ({ ev: 'status', status, message })))
}

export const CONNECTED: Status = { status: 'connected', message: 'Connected Successfully' }
export const AUTH_SUCCESS: Status = { status: 'auth_success', message: 'authenticated' }
export const AUTH_FAILED: Status = { status: 'auth_failed', message: 'authentication failed' }
export const NO_PLAN: Status = {
  status: 'auth_failed',
  message:
    "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade.",
}
export const AUTH_TIMEOUT: Status = {
  status: 'auth_timeout',
  message: 'No authentication request received.',
}
export const INVALID_JSON: Status = { status: 'error', message: 'Invalid JSON' }
export const NOT_AUTHORIZED: Status = { status: 'error', message: 'not authorized' }
export const MAX_CONNECTIONS: Status = {
  status: 'max_connections',
  message:
    'Maximum number of websocket connections exceeded. You have reached the connection limit for ' +
    'your account. Please contact support at https://polygon.io/contact to increase your limit.',
}

export const subscribedTo = (topic: string): Status => ({
  status: 'success',
  message: `subscribed to: ${topic}`,
})

export const unsubscribedTo = (topic: string): Status => ({
  status: 'success',
  message: `unsubscribed to: ${topic}`,
})
