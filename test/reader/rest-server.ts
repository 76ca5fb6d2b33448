import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

export type RestServer = {
  readonly url: string
  /** Path and query of each request, in order, and its Authorization header. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

/** Answers request i with `answers[i]`, and all that follow with the last one. */
export async function startRest(answers: Answer[]): Promise<RestServer> {
  const requests: RestServer['requests'] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push({ path: request.url ?? '', authorization: request.headers.authorization })
    void answer?.(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function json(body: unknown, code = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}
