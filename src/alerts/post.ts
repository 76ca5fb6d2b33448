import { type LookupAddress, lookup } from 'node:dns'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isLoopbackHost, isPrivateAddress } from './addresses.ts'
import type { Sink } from './rules.ts'
import type { SinkRequest } from './sink-request.ts'

const BODY_BYTES_MAX = 65_536

/** What a sink said, as far as it came. */
export type Answer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly type: string
      readonly retryAfter: string | null
      /** The first 64 KiB. */
      readonly body: string
      /** Whether all of it came. */
      readonly isWhole: boolean
    }
  /** No status came. `words` hold no address. */
  | { readonly kind: 'none'; readonly words: string }

/**
 * One request to a sink, without redirects. Never rejects. The sink has `timeoutMs` for all of its
 * answer; the abort of the signal counts as no answer.
 */
export function post(
  { url, method, headers, body }: SinkRequest,
  { timeoutMs, allowsPrivate }: Pick<Sink, 'timeoutMs' | 'allowsPrivate'>,
  signal: AbortSignal,
): Promise<Answer> {
  const target = new URL(url)
  const isHere = isLoopbackHost(target.hostname)
  const timeout = AbortSignal.timeout(timeoutMs)
  const bytes = Buffer.from(body)
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      const words = timeout.aborted ? `no answer within ${timeoutMs} ms` : wordsOf(error)
      resolve({ kind: 'none', words })
    }
    const sent: ClientRequest = send(target, {
      method,
      headers: { ...headers, 'content-length': bytes.length, 'user-agent': 'flow-alerts/1' },
      agent: false, // a sink is spoken to now and then: nothing is kept open
      signal: AbortSignal.any([signal, timeout]),
      ...(isHere || allowsPrivate ? {} : { lookup: publicLookup }),
    })
    sent.on('error', failed)
    sent.on('response', (response) => {
      sent.off('error', failed) // from here on the answer knows how far it came
      sent.on('error', () => {})
      void readAnswer(response).then(resolve)
    })
    sent.end(bytes)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let bytes = 0
  let isWhole = true
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > BODY_BYTES_MAX) {
        isWhole = false
        break // leaving the loop ends the connection
      }
    }
  } catch {
    isWhole = false // cut off, or too slow: its status came all the same
  }
  const { statusCode = 0, headers } = response
  return {
    kind: 'answer',
    status: statusCode,
    type: headers['content-type'] ?? '',
    retryAfter: headers['retry-after'] ?? null,
    body: Buffer.concat(chunks).toString('utf8').slice(0, BODY_BYTES_MAX),
    isWhole,
  }
}

/** A name of the outside that points into a private network is not followed there. */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error !== null) return done(error, '', 0)
    const open = found.filter(({ address }) => !isPrivateAddress(address))
    if (open.length === 0) return done(new PrivateAddressError(), '', 0)
    if (options.all === true) return done(null, open)
    done(null, open[0]!.address, open[0]!.family)
  })
}

class PrivateAddressError extends Error {
  readonly code = 'a private address; allow_private: true in the rules file permits it'
}

/** The code alone: the message of a system error names the address. */
function wordsOf(error: Error & { code?: unknown }): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) {
    return wordsOf(error.errors[0])
  }
  return typeof error.code === 'string' ? error.code : error.name
}
