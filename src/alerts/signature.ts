import { createHmac } from 'node:crypto'

/**
 * The header X-Flow-Signature: `t=<ms>,v1=<hex>`, HMAC-SHA-256 of `<ms>.<body>` under the secret of
 * the sink. docs/alerts.md shows how to check it.
 */
export function signatureOf(body: string, secret: string, at: number): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`
}
