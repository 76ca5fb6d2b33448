import type { WebSocket } from 'ws'
import { describeError } from '../reader/describe-error.ts'
import { displayUrl, redact } from '../reader/redact.ts'
import { openSocket } from '../reader/socket.ts'
import {
  authMessage,
  quoteTopic,
  statusMeaning,
  subscribeMessage,
  tradeTopic,
} from '../reader/vendor.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { CHECK_MS_MAX } from './run-checks.ts'

/** Any ticker is acknowledged on a channel that the plan has; this one has long expired. */
const TICKER = 'O:SPY251219C00650000'
/** What is not answered by then is not answered at all. */
const ANSWER_MS = 2_000
/** One connection too many is told behind the answers to both topics. */
const AFTERWARDS_MS = 500

type Said = { readonly status: string; readonly message: string }

export type FeedAsked = { readonly url: string; readonly apiKey: string }

/**
 * Key and plan: connects to the feed as the engine does, shows the key, asks for trades and quotes
 * of one contract and leaves. The vendor counts it as a connection for as long as it takes.
 */
export async function checkFeed(
  { url, apiKey }: FeedAsked,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const clean = (text: string): string => redact(text, apiKey)
  const shown = displayUrl(url, apiKey)
  const socket = openSocket(url, CHECK_MS_MAX)
  const hangUp = (): void => socket.terminate()
  signal.addEventListener('abort', hangUp, { once: true })
  try {
    const said = statuses(socket)
    const refused = await authenticate(socket, said, apiKey)
    if (refused !== null) {
      return [ok('feed', `${shown} answers`), refusal(refused, clean)]
    }
    socket.send(subscribeMessage([tradeTopic(TICKER), quoteTopic(TICKER)]))
    const answers = await answersOf(said)
    const limit = answers.find(({ status }) => status === 'max_connections')
    if (limit !== undefined) return [ok('feed', `${shown} answers`), refusal(limit, clean)]
    const host = new URL(url).hostname
    return [
      ok('feed', `${shown} answers`),
      ok('key', 'the vendor takes it'),
      ...planOf(answers, host.startsWith('delayed'), clean),
    ]
  } catch (error) {
    const reason = clean(error instanceof Error ? describeError(error) : String(error))
    const todo = 'check FLOW_FEED_URL, the network, and a proxy or firewall that stops WebSockets'
    return [fail('feed', `${shown}: ${reason}`, todo)]
  } finally {
    signal.removeEventListener('abort', hangUp)
    socket.terminate()
  }
}

/** Takes the status that came next; rejects when the connection ends. */
type Next = () => Promise<Said>

function statuses(socket: WebSocket): Next {
  const waiting: Said[] = []
  let ended: Error | null = null
  let wake = (): void => {}
  socket.on('message', (data, isBinary) => {
    if (!isBinary) waiting.push(...statusesOf(String(data)))
    wake()
  })
  socket.on('error', (error) => {
    ended ??= error
    wake()
  })
  socket.on('close', (code) => {
    ended ??= new Error(`the server hung up (${code})`)
    wake()
  })
  return async () => {
    while (waiting.length === 0) {
      if (ended !== null) throw ended
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return waiting.shift()!
  }
}

function statusesOf(frame: string): Said[] {
  let events: unknown
  try {
    events = JSON.parse(frame)
  } catch {
    return []
  }
  return (Array.isArray(events) ? events : [events])
    .filter((event) => event?.ev === 'status')
    .map(({ status, message }) => ({ status: String(status), message: String(message ?? '') }))
}

/** Null: the key is taken; else what the vendor said. */
async function authenticate(socket: WebSocket, next: Next, apiKey: string): Promise<Said | null> {
  for (;;) {
    const said = await next()
    switch (statusMeaning(said.status, said.message)) {
      case 'connected':
        socket.send(authMessage(apiKey))
        break
      case 'authenticated':
        return null
      case 'refused':
      case 'auth_timeout':
      case 'connection_limit':
        return said
      default:
    }
  }
}

async function answersOf(next: Next): Promise<readonly Said[]> {
  const answers: Said[] = []
  const end = Promise.withResolvers<null>()
  let timer = setTimeout(() => end.resolve(null), ANSWER_MS)
  try {
    for (;;) {
      const said = await Promise.race([next(), end.promise])
      if (said === null) break
      answers.push(said)
      if (answers.length !== 2) continue
      clearTimeout(timer)
      timer = setTimeout(() => end.resolve(null), AFTERWARDS_MS)
    }
  } catch {
    // the connection ended: what was said before it counts
  } finally {
    clearTimeout(timer)
  }
  return answers
}

function refusal({ status, message }: Said, clean: (text: string) => string): Finding {
  const words = `the vendor says: ${clean(message)} (${clean(status)})`
  switch (statusMeaning(status, message)) {
    case 'connection_limit':
      return warn('key', words, 'end the other program that uses this key, or ask for more of them')
    case 'auth_timeout':
      return warn('key', words, 'try again; the vendor did not see the key in time')
    default:
      return fail('key', words, 'check MASSIVE_API_KEY and that the plan is Options Advanced')
  }
}

/**
 * What the answers to a subscription to trades and quotes say of the plan. `isDelayed`: they came
 * from a host of the vendor's that is 15 minutes late.
 */
export function planOf(
  answers: readonly Said[],
  isDelayed: boolean,
  clean: (text: string) => string,
): Finding[] {
  const acknowledged = (topic: string): boolean =>
    answers.some(
      ({ status, message }) =>
        statusMeaning(status, message) === 'acknowledged' && message.includes(topic),
    )
  const [trades, quotes] = [tradeTopic(TICKER), quoteTopic(TICKER)].map(acknowledged)
  const errors = answers
    .filter(({ status }) => status === 'error')
    .map(({ message }) => clean(message))
  const because = errors.length === 0 ? 'no answer to the subscription' : errors.join(', ')
  const plan =
    'Options Advanced has real-time trades and quotes; for Options Developer set ' +
    'FLOW_FEED_URL=wss://delayed.massive.com/options'
  if (!trades) return [fail('plan', `no trades: ${because}`, plan)]
  if (isDelayed) {
    // such a host has no quotes on any plan
    const found = `trades${quotes ? ' and quotes' : ', no quotes'}, 15 minutes late (a delayed host)`
    const todo = 'right for Options Developer; with Options Advanced leave FLOW_FEED_URL out'
    return [warn('plan', found, todo)]
  }
  if (!quotes) {
    return [warn('plan', `trades, but no quotes: ${because}; prints have no side`, plan)]
  }
  return [ok('plan', 'trades and quotes')]
}
