import type { Config } from '../config.ts'
import type { Log } from '../console/log.ts'
import type { Contract } from '../domain/contract.ts'
import { listContracts } from '../reader/contracts-listing.ts'
import { type ConnectionPlan, planContracts, planWildcard } from '../reader/plan.ts'

/** Which connections to open: one with everything, or the contracts listed over REST, in parts. */
export async function planFeed(
  config: Config,
  apiKey: string,
  log: Log,
  signal: AbortSignal,
): Promise<readonly ConnectionPlan[]> {
  if (config.subscribe === 'wildcard') return planWildcard()
  const contracts = await listAll(config, apiKey, log, signal)
  return planContracts(contracts, config.symbolsPerConnection, config.quotesPerConnection)
}

/**
 * The contracts of all watched underlyings over REST. Throws when there are none to subscribe to.
 */
export async function listAll(
  config: Config,
  apiKey: string,
  log: Log,
  signal: AbortSignal,
): Promise<Contract[]> {
  if (config.symbols === '*') throw new Error('FLOW_SUBSCRIBE=contracts needs FLOW_SYMBOLS')
  const contracts: Contract[] = []
  for (const symbol of config.symbols) {
    const listing = await listContracts(symbol, {
      baseUrl: config.restUrl,
      apiKey,
      signal,
      onRetry: (error, delayMs) => log.warn(error.message, { retry_ms: delayMs }),
    })
    if (listing.contracts.length > 0) {
      log.info('contracts listed', { symbol, contracts: listing.contracts.length })
    } else {
      log.warn(`${symbol} has no listed contracts: is it spelt as the vendor spells it?`)
    }
    contracts.push(...listing.contracts)
  }
  if (contracts.length === 0) {
    throw new Error('no symbol of FLOW_SYMBOLS has listed contracts: nothing to subscribe to')
  }
  return contracts
}
