import type { Answer } from './post.ts'
import { redactSecrets } from './redact.ts'
import type { SinkKind } from './rules.ts'
import type { SinkRequest } from './sink-request.ts'

const WORDS_CHARS_MAX = 160
const RETRY_AFTER_MS_MAX = 15 * 60_000
/** An address that is gone, refused or moved: no other alert will fare better. */
const SINK_BROKEN: ReadonlySet<number> = new Set([401, 403, 404, 405, 410])
/** Of the 4xx these pass. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

/** What an answer means for the alert. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly messageId: string | null }
  /** `afterMs`: what the sink asked for, at most 15 minutes; 0: nothing. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly words: string }
  | {
      readonly kind: 'refused'
      readonly words: string
      /** The same will happen to every alert. */
      readonly isSinkBroken: boolean
    }

/** `words` hold what came, and of the sink's text a short part, without any of the secrets. */
export function verdictOf(
  kind: SinkKind,
  answer: Answer,
  method: SinkRequest['method'],
  now: number,
  secrets: readonly string[],
): Verdict {
  if (answer.kind === 'none') {
    return { kind: 'retry', afterMs: 0, words: redactSecrets(answer.words, secrets) }
  }
  const { status } = answer
  const words = `${status}${said(answer.body, secrets)}`
  if (status >= 200 && status < 300) return accepted(kind, answer, words)
  if (status >= 300 && status < 400) {
    const what = `${status}, a redirect, which is not followed: put the last address into the file`
    return { kind: 'refused', words: what, isSinkBroken: true }
  }
  if (PASSING.has(status) || status >= 500 || status < 200) {
    return { kind: 'retry', afterMs: retryAfterOf(answer, now), words }
  }
  if (method === 'PATCH' && status === 404 && !/webhook/i.test(answer.body)) {
    return { kind: 'refused', words: 'the message to correct is gone', isSinkBroken: false }
  }
  return { kind: 'refused', words, isSinkBroken: SINK_BROKEN.has(status) }
}

/**
 * A body that was cut off belongs to an alert that was taken: sending it again would double it. A
 * page of HTML was not written by Discord or Slack, but by something on the way.
 */
function accepted(
  kind: SinkKind,
  { body, type, isWhole }: Answer & { kind: 'answer' },
  words: string,
): Verdict {
  if (kind === 'webhook') return { kind: 'delivered', messageId: null }
  if (/^text\/html/i.test(type) && /^\s*</.test(body)) {
    return { kind: 'retry', afterMs: 0, words: `${words}, a page and no answer of ${kind}` }
  }
  if (kind === 'slack' || !isWhole) return { kind: 'delivered', messageId: null }
  const id = /^\d{1,32}$/.exec(String(fieldOf(body, 'id') ?? ''))?.[0] ?? null
  return { kind: 'delivered', messageId: id }
}

/** Retry-After in seconds or as a date, or the `retry_after` of Discord in seconds; in ms. */
function retryAfterOf(answer: Answer & { kind: 'answer' }, now: number): number {
  const { retryAfter } = answer
  const named = fieldOf(answer.body, 'retry_after')
  const header = /^\d+(\.\d+)?$/.test(retryAfter?.trim() ?? '')
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter ?? '') - now
  const asked = Math.max(header > 0 ? header : 0, typeof named === 'number' ? named * 1000 : 0)
  return Math.min(RETRY_AFTER_MS_MAX, Math.max(0, asked))
}

function fieldOf(body: string, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return parsed !== null && typeof parsed === 'object' && Object.hasOwn(parsed, name)
      ? (parsed as Record<string, unknown>)[name]
      : undefined
  } catch {
    return undefined
  }
}

/** The words of a refusal: the message of its JSON, or its text where that is no page. */
function said(body: string, secrets: readonly string[]): string {
  const message = fieldOf(body, 'message') ?? fieldOf(body, 'error')
  const text = typeof message === 'string' ? message : /^\s*[<{[]/.test(body) ? '' : body
  // before it is cut: half a secret is not found any more
  const line = redactSecrets(text.replace(/[\p{C}\u2028\u2029\s]+/gu, ' ').trim(), secrets)
  return line === '' ? '' : ` ("${line.slice(0, WORDS_CHARS_MAX)}")`
}
