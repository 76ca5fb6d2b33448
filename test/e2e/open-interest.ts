import { newYorkDay } from '../../src/domain/new-york.ts'
import { isoDate } from '../../src/reader/reference-day.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { migrate } from '../../src/writer/migrate.ts'
import { withClient } from '../pg/database.ts'

export type ChainRow = {
  readonly details: { readonly ticker: string; readonly shares_per_contract: number }
  readonly open_interest: number
}

/** The chain of an underlying, as the simulated vendor tells it over REST. */
export async function chainOf(simulator: Simulator, underlying: string): Promise<ChainRow[]> {
  const chain: ChainRow[] = []
  let url: string | undefined = `${simulator.restUrl}/v3/snapshot/options/${underlying}?limit=250`
  while (url !== undefined) {
    const answer = await fetch(url, { headers: { Authorization: 'Bearer any' } })
    const page = (await answer.json()) as { results: ChainRow[]; next_url?: string }
    chain.push(...page.results)
    url = page.next_url
  }
  return chain
}

/**
 * Puts the open interest of today into a database, as an engine keeps it that was running this
 * morning: before 06:45 in New York none would ask for it.
 */
export async function keepOpenInterest(
  databaseUrl: string,
  simulator: Simulator,
  underlyings: readonly string[],
): Promise<void> {
  const chains = await Promise.all(underlyings.map((one) => chainOf(simulator, one)))
  const rows = chains.flat()
  await withClient(databaseUrl, async (client) => {
    await migrate(client)
    await client.query(
      `INSERT INTO flow_contracts (contract_ticker, day, open_interest, multiplier, fetched_at)
       SELECT ticker, $2, open, shares, $3
       FROM unnest($1::text[], $4::int[], $5::int[]) AS known (ticker, open, shares)`,
      [
        rows.map(({ details }) => details.ticker),
        isoDate(newYorkDay(Date.now())),
        Date.now(),
        rows.map(({ open_interest }) => open_interest),
        rows.map(({ details }) => details.shares_per_contract),
      ],
    )
  })
}
