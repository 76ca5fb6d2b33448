import { afterAll, afterEach, beforeAll } from 'vitest'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'
import { startVendor, type Vendor } from '../reader/vendor-server.ts'
import { killLeftovers } from './flow-process.ts'

/** What a file of tests around one PostgreSQL and scripted vendors needs; it clears up itself. */
export type Stage = {
  /** Run after the test, the last one first. */
  readonly cleanups: (() => Promise<unknown>)[]
  /** A vendor that accepts whoever comes. */
  vendorOf(): Promise<Vendor>
  /** A new database and this vendor, for an engine that watches SPY. */
  settingsFor(vendor: Vendor): Promise<Record<string, string>>
}

export function useStage(): Stage {
  let postgres: TestPostgres
  const cleanups: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    postgres = await startTestPostgres()
  })
  afterEach(async () => {
    await killLeftovers()
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  afterAll(() => postgres.stop())
  return {
    cleanups,
    async vendorOf() {
      const vendor = await startVendor([(peer) => peer.accept()])
      cleanups.push(() => vendor.close())
      return vendor
    },
    settingsFor: async (vendor) => ({
      DATABASE_URL: await postgres.freshDatabase(),
      FLOW_FEED_URL: vendor.url,
      FLOW_SYMBOLS: 'SPY',
      FLOW_QUOTES_PER_CONNECTION: '0',
    }),
  }
}
