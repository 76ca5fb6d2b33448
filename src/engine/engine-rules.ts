import type { Config } from '../config.ts'
import type { SnapshotHeader } from '../journal/snapshot-file.ts'
import { VERSION } from '../version.ts'

/** One underlying is one shard's: more shards than underlyings would only wait. */
export function shardsFor({ shards, symbols }: Config): number {
  return symbols === '*' ? shards : Math.min(shards, symbols.length)
}

/** What a classifier goes by. `isFeed`: the frames come from a live feed. */
export function rulesFor(config: Config, isFeed: boolean) {
  return {
    rules: config.rules,
    minSize: config.minSize,
    windowMs: config.sweepWindowMs,
    quoteMaxAgeMs: config.quoteMaxAgeMs,
    // live, and nobody to ask: nothing to wait for
    lookupPremium: isFeed && !config.hasRest ? 0 : config.lookupPremium,
  }
}

/** What a state of the live engine depends on. */
export function snapshotHeader(config: Config): SnapshotHeader {
  const { symbols } = config
  return { version: VERSION, shards: shardsFor(config), symbols, ...rulesFor(config, true) }
}
