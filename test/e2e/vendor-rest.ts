import { type Answer, json, type RestServer, startRest } from '../reader/rest-server.ts'

const QUOTES_PATH = /^\/v3\/quotes\/[^/?]+\?timestamp\.lte=(\d+)/
const SNAPSHOT_PATH = /^\/v3\/snapshot\/options\//

/** Digits of the nanoseconds in a millisecond. */
const NS_OF_MS = 6

/** What the REST of a vendor answers; what is absent is answered with no results. */
export type RestScript = {
  /** To a request for the quote in force at `at`, epoch ms. */
  readonly nbbo?: (at: number) => Answer
  /** To a request for a chain or for the snapshot of one contract. */
  readonly snapshot?: Answer
}

/** A REST of the vendor on loopback. */
export function startVendorRest(script: RestScript): Promise<RestServer> {
  return startRest([
    (response, request) => {
      const path = request.url ?? ''
      const [, at] = QUOTES_PATH.exec(path) ?? []
      if (at !== undefined && script.nbbo !== undefined) {
        script.nbbo(Number(at.slice(0, -NS_OF_MS)))(response, request)
        return
      }
      const isSnapshot = SNAPSHOT_PATH.test(path) && script.snapshot !== undefined
      const answer = isSnapshot ? script.snapshot : json({ status: 'OK', results: [] })
      answer(response, request)
    },
  ])
}

/** 1.50 at 1.60, `ageMs` old at `at`. */
export function nbboAt(at: number, ageMs = 40): Answer {
  const rest = '"bid_price":1.5,"ask_price":1.6,"bid_size":17,"ask_size":24,"bid_exchange":302'
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    // as text: a number does not hold nanoseconds exactly
    const time = `${at - ageMs}${'0'.repeat(NS_OF_MS)}`
    response.end(`{"status":"OK","results":[{"sip_timestamp":${time},${rest}}]}`)
  }
}

/** Requests for quotes that came, in order. */
export function lookupsOf(rest: RestServer): string[] {
  return rest.requests.map(({ path }) => path).filter((path) => QUOTES_PATH.test(path))
}

/** Requests for snapshots that came, in order. */
export function snapshotsOf(rest: RestServer): string[] {
  return rest.requests.map(({ path }) => path).filter((path) => SNAPSHOT_PATH.test(path))
}
