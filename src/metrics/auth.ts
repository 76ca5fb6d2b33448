import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'
import { RequestError } from './routes.ts'

/** Whether only programs of this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  const name = bare(host)
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/**
 * A check of the `Authorization` header against the token. It takes as long for a token that is
 * nearly right as for one that is all wrong. Without a token every request may pass on loopback,
 * and none where others can reach us.
 */
export function tokenCheck(
  listensOn: string,
  token: string | undefined,
): (request: Pick<IncomingMessage, 'headers'>) => void {
  if (token === undefined) {
    if (isLoopback(listensOn)) return () => {}
    return () => {
      throw new RequestError(
        401,
        `expected a token, because others can reach ${listensOn}, and none is set; set ` +
          'FLOW_HTTP_TOKEN or FLOW_HTTP_TOKEN_FILE and start again',
      )
    }
  }
  const expected = digest(token)
  return ({ headers }) => {
    const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    // digests have one length, so that not even the length of the token shows
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const came = headers.authorization === undefined ? 'none' : 'another'
    throw new RequestError(
      401,
      `expected the header "Authorization: Bearer <FLOW_HTTP_TOKEN>", came ${came}`,
    )
  }
}

/**
 * A check of the `Host` header, for a server on loopback without a token: a web page that points
 * its own name at 127.0.0.1 (DNS rebinding) must not read what is here through someone's browser.
 */
export function hostCheck(
  listensOn: string,
  token: string | undefined,
): (request: IncomingMessage) => void {
  if (token !== undefined || !isLoopback(listensOn)) return () => {}
  return ({ headers }) => {
    const name = (headers.host ?? '').toLowerCase().replace(/:\d*$/, '')
    if (isLoopback(name)) return
    throw new RequestError(
      403,
      'expected a Host of this machine such as 127.0.0.1 or localhost, came another name; ' +
        'to serve it under a name of its own set FLOW_HTTP_TOKEN',
    )
  }
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
