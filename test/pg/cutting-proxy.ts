import { connect, createServer, type Socket } from 'node:net'

export type CuttingProxy = {
  /** `url` with the proxy's port in place of the server's. */
  readonly url: string
  /** How many connections came so far. */
  readonly connections: () => number
  close(): Promise<void>
}

/**
 * A proxy in front of PostgreSQL that looks at each chunk. `onServerBytes` and `onClientBytes` may
 * take the chunk by returning false: it is not passed on.
 */
export async function startCuttingProxy(
  url: string,
  hooks: {
    onServerBytes?: (chunk: Buffer, client: Socket, connection: number) => boolean
    onClientBytes?: (chunk: Buffer, client: Socket, connection: number) => boolean
  },
): Promise<CuttingProxy> {
  const target = new URL(url)
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections++
    const connection = connections
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
    }
    client.on('data', (chunk) => {
      if (hooks.onClientBytes?.(chunk, client, connection) !== false) upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (hooks.onServerBytes?.(chunk, client, connection) !== false) client.write(chunk)
    })
    // a client that goes away is not told to the server: the line is half open, as after a power
    // cut
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxied = new URL(url)
  proxied.port = `${(server.address() as { port: number }).port}`
  return {
    url: proxied.href,
    connections: () => connections,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
