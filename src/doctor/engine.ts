import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { folderOwner } from '../journal/folder-lock.ts'
import { type Finding, fail, ok, skip, warn } from './finding.ts'

export type EngineAsked = {
  readonly host: string
  readonly port: number
  /** FLOW_DATA_DIR: an engine that runs keeps its journal there. */
  readonly dataDir: string
}

export type EngineFound = {
  /** An engine of ours answers there, or writes its journal in the data directory. */
  readonly isRunning: boolean
  readonly findings: readonly Finding[]
}

/**
 * Whether an engine runs at the address of its HTTP server or in the data directory, and else
 * whether that address is free.
 */
export async function checkEngine(
  { host, port, dataDir }: EngineAsked,
  signal: AbortSignal,
): Promise<EngineFound> {
  const owner = await journalOwner(join(dataDir, 'journal'))
  const elsewhere: EngineFound = {
    isRunning: true,
    findings: [ok('engine', `process ${owner} runs in ${dataDir}, at another address than ours`)],
  }
  if (port === 0) {
    if (owner !== null) return elsewhere
    return { isRunning: false, findings: [skip('engine', `does not run in ${dataDir}`)] }
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
  if (owner !== null) return elsewhere
  const problem = await listenProblem(host, port)
  if (problem === null) {
    return { isRunning: false, findings: [ok('engine', `does not run; ${host}:${port} is free`)] }
  }
  const todo = 'end what listens there, or set FLOW_HTTP_PORT or FLOW_HTTP_HOST'
  return { isRunning: false, findings: [fail('engine', `${host}:${port}: ${problem}`, todo)] }
}

/** Process id of an engine that has one of the journals; null: none has. */
async function journalOwner(journals: string): Promise<number | null> {
  const names = await readdir(journals).catch(() => [])
  const owners = await Promise.all(
    names.map((name) => folderOwner(join(journals, name)).catch(() => null)),
  )
  return owners.find((owner) => owner !== null) ?? null
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
