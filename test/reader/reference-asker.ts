import type { IncomingMessage } from 'node:http'
import {
  ContractReferences,
  type ContractReferencesOptions,
  type ReferenceResult,
} from '../../src/reader/contract-references.ts'
import type { ContractReference } from '../../src/reader/evidence.ts'
import { RestBudget } from '../../src/reader/rest-budget.ts'
import { afterwards } from './feed-fixture.ts'
import { type Answer, json, type RestServer, startRest } from './rest-server.ts'

export const KEY = 'must-stay-secret'

/** A Wednesday, 11:00 New York. */
export const WEDNESDAY = Date.UTC(2026, 10, 18, 16)

/** Contracts of one underlying that expire far from now, in ticker order. */
export function tickersOf(root: string, count: number, firstStrike = 100): string[] {
  return Array.from({ length: count }, (_, i) => {
    return `O:${root}271217C${String((firstStrike + i) * 1000).padStart(8, '0')}`
  })
}

export function snapshot(ticker: string, openInterest: unknown = 7, shares: unknown = 100): object {
  return { details: { ticker, shares_per_contract: shares }, open_interest: openInterest }
}

/** Chains and contracts by the name that the vendor gives the underlying; 404 for any other. */
export function snapshotServer(
  chains: Readonly<Record<string, readonly string[]>>,
  rowsPerPage = 250,
): Answer {
  return (response, request) => {
    const { name, ticker, cursor } = asked(request)
    const tickers = chains[name]
    if (tickers === undefined || (ticker !== undefined && !tickers.includes(ticker))) {
      json({ status: 'NOT_FOUND', message: 'not found' }, 404)(response, request)
      return
    }
    if (ticker !== undefined) {
      json({ status: 'OK', results: snapshot(ticker) })(response, request)
      return
    }
    const end = cursor + rowsPerPage
    const self = `http://${request.headers.host}/v3/snapshot/options/${encodeURIComponent(name)}`
    json({
      status: 'OK',
      results: tickers.slice(cursor, end).map((one) => snapshot(one)),
      ...(end < tickers.length ? { next_url: `${self}?cursor=${end}` } : {}),
    })(response, request)
  }
}

export function asked(request: Pick<IncomingMessage, 'url'>): {
  name: string
  ticker: string | undefined
  cursor: number
} {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const [, , , , name, ticker] = url.pathname.split('/').map(decodeURIComponent)
  return { name: name ?? '', ticker, cursor: Number(url.searchParams.get('cursor') ?? 0) }
}

export type Asker = {
  readonly references: ContractReferences
  /** What was handed on, call by call. */
  readonly calls: (readonly ContractReference[])[]
  readonly results: ReferenceResult[]
  readonly warnings: string[]
  tickers(): string[]
}

/** A server and who asks it, both gone with the test. Not started. */
export async function ask(
  answers: Answer[],
  options: Partial<ContractReferencesOptions> = {},
): Promise<Asker & { readonly server: RestServer }> {
  const server = await startRest(answers)
  afterwards(server.close)
  const calls: (readonly ContractReference[])[] = []
  const results: ReferenceResult[] = []
  const warnings: string[] = []
  const references = new ContractReferences({
    baseUrl: server.url,
    apiKey: KEY,
    budget: new RestBudget(1000),
    underlyings: '*',
    cached: [],
    now: () => WEDNESDAY,
    backoffMinMs: 1,
    onReferences: (some) => calls.push(some),
    onResult: (result) => results.push(result),
    onWarning: (message) => warnings.push(message),
    ...options,
  })
  afterwards(() => references.stop())
  const tickers = () => calls.flat().map(({ ticker }) => ticker)
  return { server, references, calls, results, warnings, tickers }
}
