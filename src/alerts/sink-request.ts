import { createHash } from 'node:crypto'
import { type AlertText, escapeDiscord, escapeSlack, textOf } from './message.ts'
import type { Sink } from './rules.ts'
import { signatureOf } from './signature.ts'

/** Discord takes 2,000 characters, and counts escapes. */
const DISCORD_CHARS_MAX = 2000

export type SinkRequest = {
  readonly method: 'POST' | 'PATCH'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What one alert is for its sink. `messageId`: of the alert that this one corrects; null: it is the
 * first, or the sink has no names for messages.
 */
export function requestOf(
  sink: Sink,
  alert: AlertText,
  messageId: string | null,
  now: number,
): SinkRequest {
  switch (sink.kind) {
    case 'discord':
      return discordRequest(sink, alert, messageId)
    case 'slack':
      return { ...post(sink.url, { text: escapeSlack(textOf(alert)), unfurl_links: false }) }
    case 'webhook':
      return webhookRequest(sink, alert, now)
  }
}

function post(url: string, content: object): SinkRequest {
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return { method: 'POST', url, headers, body: JSON.stringify(content) }
}

/** An edit keeps the message in its place: `PATCH /webhooks/{id}/{token}/messages/{message}`. */
function discordRequest({ url }: Sink, alert: AlertText, messageId: string | null): SinkRequest {
  const content = escapeDiscord(textOf(alert)).slice(0, DISCORD_CHARS_MAX)
  const target = new URL(url)
  const body = { content, allowed_mentions: { parse: [] } }
  if (messageId === null) {
    target.searchParams.set('wait', 'true') // else it does not say what it made
    return post(target.href, body)
  }
  target.searchParams.delete('wait')
  target.pathname = `${target.pathname.replace(/\/+$/, '')}/messages/${messageId}`
  return { ...post(target.href, body), method: 'PATCH' }
}

/** The body is the same in each try: only the signature has a time. */
function webhookRequest(sink: Sink, alert: AlertText, now: number): SinkRequest {
  const { change, rule, stillMatches, facts } = alert
  const request = post(sink.url, {
    version: 1,
    change,
    rule,
    still_matches: stillMatches,
    text: textOf(alert),
    alert: facts,
  })
  const headers: Record<string, string> = {
    ...request.headers,
    'idempotency-key': idempotencyKey(sink.name, alert),
  }
  if (sink.secret !== null) {
    headers['x-flow-signature'] = signatureOf(request.body, sink.secret, now)
  }
  return { ...request, headers }
}

/** The same for each try of one version of one alert, and for no other. */
export function idempotencyKey(sink: string, { change, rule, facts }: AlertText): string {
  const parts = [sink, rule, facts.subject, facts.revision, change === 'test']
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
