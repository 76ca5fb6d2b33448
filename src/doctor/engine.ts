import { createServer } from 'node:net'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

export type EngineAsked = { readonly host: string; readonly port: number }

export type EngineFound = {
  /** An engine of ours answers there. */
  readonly isRunning: boolean
  readonly findings: readonly Finding[]
}

/** Whether an engine runs at the address of its HTTP server, and else whether that is free. */
export async function checkEngine(
  { host, port }: EngineAsked,
  signal: AbortSignal,
): Promise<EngineFound> {
  if (port === 0) {
    const found = 'any free port: an engine that runs cannot be found by it'
    return { isRunning: false, findings: [skip('engine', found)] }
  }
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const base = `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
  const alive = await ask(`${base}/healthz`, signal)
  if (alive?.status === 'alive') {
    const ready = await ask(`${base}/readyz`, signal)
    const finding =
      ready?.status === 'ready'
        ? ok('engine', `runs at ${base} and is ready`)
        : warn('engine', `runs at ${base} and is not ready: ${ready?.error ?? 'no answer'}`, WAIT)
    return { isRunning: true, findings: [finding] }
  }
  const problem = await listenProblem(host, port)
  if (problem === null) {
    return { isRunning: false, findings: [ok('engine', `does not run; ${host}:${port} is free`)] }
  }
  const todo = 'end what listens there, or set FLOW_HTTP_PORT or FLOW_HTTP_HOST'
  return { isRunning: false, findings: [fail('engine', `${host}:${port}: ${problem}`, todo)] }
}

const WAIT = 'wait a minute; then see its log'

type Answer = { readonly status?: string; readonly error?: string }

async function ask(url: string, signal: AbortSignal): Promise<Answer | null> {
  try {
    const response = await fetch(url, { signal, redirect: 'error' })
    return (await response.json()) as Answer
  } catch {
    return null
  }
}

function listenProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'something else listens there' : error.message)
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
