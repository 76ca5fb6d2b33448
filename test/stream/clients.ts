import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'

export type Told = { readonly type: string; readonly data: Record<string, unknown> }

/** A client of either kind, with all that it was told. */
export type TestClient = {
  readonly told: Told[]
  /** Told to a WebSocket between. */
  readonly beats: Told[]
  /** Resolves when the connection ends, with the close code and reason of a WebSocket. */
  readonly ended: Promise<{ code: number; reason: string }>
  leave(): void
}

export async function openWebSocket(
  url: string,
  headers: Record<string, string> = {},
  protocols: string[] = [],
): Promise<TestClient & { readonly socket: WebSocket }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
  const told: Told[] = []
  const beats: Told[] = []
  socket.on('message', (text) => {
    const message = JSON.parse(String(text)) as Told
    if (message.type === 'beat') beats.push(message)
    else told.push(message)
  })
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await once(socket, 'open')
  return { told, beats, ended, socket, leave: () => socket.terminate() }
}

/** Status and body with which a WebSocket is refused. */
export async function refusal(
  url: string,
  headers: Record<string, string> = {},
  protocols: string[] = [],
): Promise<{ status: number; error: string; headers: IncomingMessage['headers'] }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { headers })
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  const { error } = JSON.parse(body) as { error: string }
  return { status: response.statusCode!, error, headers: response.headers }
}

/** An EventSource as far as we need one: its blocks, and the id that it would send next time. */
export async function openEventSource(
  url: string,
  headers: Record<string, string> = {},
): Promise<TestClient & { readonly response: IncomingMessage; id(): string; text(): string }> {
  const request = get(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const told: Told[] = []
  let [id, text, rest] = ['', '', '']
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n')
      id = field('id') || id
      if (field('data') === '') continue
      told.push({ type: field('event'), data: JSON.parse(field('data')) })
    }
  })
  response.on('error', () => {})
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    response.on('close', () => resolve({ code: response.complete ? 0 : 1, reason: '' }))
  })
  const leave = (): void => void request.destroy()
  return { told, beats: [], ended, response, leave, id: () => id, text: () => text }
}

/** A connection that asks for the stream and never reads a byte of it. */
export async function openDeaf(port: number, path: string, upgrade: boolean): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {})
  const head = upgrade
    ? 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    : ''
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}\r\n`)
  socket.pause()
  return socket
}
