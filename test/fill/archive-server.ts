import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ContractTape, TapeQuote } from '../../src/fill/tape.ts'

export type Archive = {
  readonly url: string
  /** Tickers whose trades were asked for, in order. */
  readonly asked: string[]
  close(): Promise<void>
}

/** What is done to a request instead of an answer; false: it is answered. */
export type Fault = (ticker: string, response: ServerResponse) => boolean

/** The vendor's REST of these tapes; times in it are nanoseconds. */
export async function startArchive(
  tapes: readonly { readonly tape: ContractTape; readonly quotes: readonly TapeQuote[] }[],
  fault: Fault = () => false,
): Promise<Archive> {
  const byTicker = new Map(tapes.map((one) => [one.tape.ticker, one]))
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const [, , kind, ticker = ''] = pathname.split('/')
    if (kind === 'trades') asked.push(decodeURIComponent(ticker))
    if (fault(ticker, response)) return
    const from = Number(searchParams.get('timestamp.gte')) / 1e6
    const to = Number(searchParams.get('timestamp.lte')) / 1e6
    const one = byTicker.get(decodeURIComponent(ticker))
    const rows = kind === 'trades' ? one?.tape.prints : one?.quotes
    const texts = (rows ?? [])
      .filter(({ t }) => t >= from && t <= to)
      .map((row) => {
        const fields =
          'p' in row
            ? { price: row.p, size: row.s, exchange: row.x, conditions: row.c }
            : { bid_price: row.bp, ask_price: row.ap, bid_size: row.bs, ask_size: row.as }
        const q = 'q' in row ? row.q : undefined
        const rest = JSON.stringify({ ...fields, sequence_number: q }).slice(1)
        return `{"sip_timestamp":${row.t}000000,${rest}`
      })
    response.setHeader('content-type', 'application/json')
    response.end(`{"status":"OK","results":[${texts.join()}]}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
