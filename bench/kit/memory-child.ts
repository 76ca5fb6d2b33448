/**
 * A process that learns many contracts, each by one print of one contract, and tells how much its
 * resident memory has grown. Run with --expose-gc. Which part learns them is its argument.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { limitsFor } from '../../src/engine/limits.ts'
import { Pipeline } from '../../src/engine/pipeline.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'
import { NaiveEngine } from './naive.ts'
import { TAPE_START, tickerOf } from './tape.ts'

export type Learner = 'engine' | 'writer' | 'naive'

const PRINTS_PER_FRAME = 64
const SETTLE_MS = 200
/** A small log of prints, full beforehand: what is measured is contracts and not prints. */
const PRINT_LOG_ROWS = 1 << 16

let sequence = 1

/** A frame of prints of the contracts first, first + step, ... */
function frameOf(first: number, step: number): string {
  const prints = Array.from({ length: PRINTS_PER_FRAME }, (_, i) => {
    const ticker = tickerOf(first + i * step)
    const time = TAPE_START + (sequence >> 7)
    return `{"ev":"T","sym":"${ticker}","x":302,"p":1.5,"s":3,"c":[209],"t":${time},"q":${sequence++}}`
  })
  return `[${prints.join(',')}]`
}

async function residentBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await sleep(SETTLE_MS)
  }
  return process.memoryUsage.rss()
}

async function engineGrowth(contracts: number): Promise<number> {
  const limits = { ...limitsFor(1), printLogRows: PRINT_LOG_ROWS }
  const pipeline = new Pipeline({
    watched: '*',
    shards: 1,
    connections: 1,
    limits,
    classifier: {
      rules: 'opra',
      minSize: 10,
      windowMs: 500,
      quoteMaxAgeMs: 5000,
      lookupPremium: 0,
    },
    writer: { define: () => {}, post: () => {}, cancel: () => {}, requote: () => {} },
    onStatus: () => {},
    onData: () => {},
    onBlocked: () => {},
    onUnblocked: () => {},
    onResult: () => {},
    onLag: () => {},
    onError: (error) => {
      throw error
    },
  })
  const stamp = { recv: Number.NaN, clock: 0, connection: 0, readAt: Date.now() }
  const push = async (prints: number, frame: (print: number) => string): Promise<void> => {
    for (let print = 0; print < prints; print += PRINTS_PER_FRAME) {
      while (pipeline.isBlocked) await sleep(1)
      pipeline.push(Buffer.from(frame(print)), false, stamp)
    }
    while (pipeline.isBlocked || pipeline.credits < limits.eventSlabs) await sleep(1)
  }
  await push(PRINT_LOG_ROWS, () => frameOf(0, 0))
  const before = await residentBytes()
  await push(contracts, (print) => frameOf(print, 1))
  if (pipeline.dictionary.size < contracts) throw new Error('contracts are missing')
  const growth = (await residentBytes()) - before
  await pipeline.close()
  return growth
}

async function naiveGrowth(contracts: number): Promise<number> {
  const engine = new NaiveEngine(() => {})
  engine.frame(frameOf(0, 0))
  const before = await residentBytes()
  for (let i = 0; i < contracts; i += PRINTS_PER_FRAME) engine.frame(frameOf(i, 1))
  const growth = (await residentBytes()) - before
  engine.frame(frameOf(0, 0)) // it is still in use
  return growth
}

/** What the writer keeps of each contract that it has been told of. */
async function writerGrowth(contracts: number): Promise<number> {
  const encoder = new RowEncoder('opra')
  const before = await residentBytes()
  const part = 1000
  for (let first = 0; first < contracts; first += part) {
    const tickers = Array.from({ length: part }, (_, i) => tickerOf(first + i))
    const sets = { firstConditionSet: 1, conditionSets: [] }
    encoder.define({ firstContract: first, contracts: tickers, ...sets })
  }
  const growth = (await residentBytes()) - before
  if (encoder.tickerOf(contracts - 1) !== tickerOf(contracts - 1)) throw new Error('wrong ticker')
  return growth
}

const growths = { engine: engineGrowth, writer: writerGrowth, naive: naiveGrowth }
const contracts = Number(process.argv[3])
const bytes = await growths[process.argv[2] as Learner](contracts)
process.send?.(bytes / contracts)
process.disconnect?.()
