import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '../e2e/flow-process.ts'

export type Received = {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Answers one request, in whatever way. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void

export const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }
/** As Discord answers with ?wait=true. */
export const made = (id: string): Behaviour =>
  answer(200, JSON.stringify({ id }), { 'content-type': 'application/json' })
export const hang: Behaviour = () => {}
export const cut: Behaviour = (response) => response.socket!.destroy()
/** Says that more comes than comes. */
export const truncated =
  (status: number, body: string): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': '500' })
    response.write(body, () => response.socket!.destroy())
  }

export type SinkServer = {
  readonly url: string
  readonly received: readonly Received[]
  /** The next requests are answered so; those behind the last one by 204. */
  behave(...next: Behaviour[]): void
  /** Resolves once so many requests have come. */
  count(requests: number): Promise<readonly Received[]>
  close(): Promise<void>
}

/** A real HTTP server in the place of a sink. */
export async function startSinkServer(): Promise<SinkServer> {
  const received: Received[] = []
  const behaviours: Behaviour[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      received.push({ method, path: url, headers, text: Buffer.concat(chunks).toString('utf8') })
      const behaviour = behaviours.shift() ?? answer(204)
      behaviour(response, request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    behave: (...next) => behaviours.push(...next),
    count: async (requests) => {
      await eventually(`${requests} requests`, () => received.length >= requests)
      return received
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
