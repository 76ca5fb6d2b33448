import type { Snapshot } from '../../src/journal/snapshot-file.ts'

/** A small snapshot that differs from any other number's in every part. */
export function anySnapshot(number: number, shardBytes = 300): Snapshot {
  return {
    position: { segment: number, offset: number * 10 },
    header: {
      version: '0.1.0',
      shards: 2,
      rules: 'opra',
      minSize: number,
      windowMs: 500,
      quoteMaxAgeMs: 5000,
      lookupPremium: 25_000,
      symbols: number % 2 === 0 ? '*' : ['SPX', 'NDX'],
    },
    stored: { writer: 'w', batch: number, newest: number * 1000 },
    held: number % 3,
    dictionary: new Uint8Array(100).fill(number),
    profiles: new Uint8Array(7).fill(number + 2),
    shards: [new Uint8Array(shardBytes).fill(number + 1), new Uint8Array(0)],
    clocks: Float64Array.from([number + 0.5, 1e9, 0]),
  }
}
