/**
 * Loaded into an engine ahead of everything (`node --import`), in all of its threads: a real death
 * of the thread that DEADLY_PART names, on each print of DEADLY_TICKS (1/10,000 dollar), and of one
 * shard or the writer on a signal. The engine itself knows nothing of it.
 */
import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Classifier } from '../../src/shard/classifier.ts'
import type { EventSlab } from '../../src/slab/event-slab.ts'
import { RowEncoder } from '../../src/writer/copy-rows.ts'

const part = process.env.DEADLY_PART
const ticks = Number(process.env.DEADLY_TICKS)

function dieOn(prices: ArrayLike<number>, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    if (prices[row] === ticks) throw new Error('this print is deadly')
  }
}

if (part === 'shard' && !isMainThread) {
  const read = Classifier.prototype.read
  Classifier.prototype.read = function (this: Classifier, slab: EventSlab, from, rows) {
    dieOn(slab.priceA, from, rows)
    return read.call(this, slab, from, rows)
  }
}
if (part === 'writer' && !isMainThread) {
  const encode = RowEncoder.prototype.encode
  RowEncoder.prototype.encode = function (this: RowEncoder, ...args) {
    const [slab, from, rows] = args
    dieOn(slab.price, from, rows)
    return encode.apply(this, args)
  }
}
if (part === 'reader' && isMainThread) {
  const decode = FrameDecoder.prototype.decode
  FrameDecoder.prototype.decode = function (this: FrameDecoder, ...args) {
    const isAccepted = decode.apply(this, args)
    dieOn(this.columns.priceA, 0, this.columns.rows)
    return isAccepted
  }
}
if (isMainThread) {
  // the module itself: what is imported from it is looked up when a thread is made
  const threads = createRequire(import.meta.url)('node:worker_threads')
  const { Worker } = threads
  const living = new Map<string, InstanceType<typeof Worker>>()
  threads.Worker = class extends Worker {
    constructor(url: URL | string, options: object) {
      super(url, options)
      const file = String(url)
      if (/writer/.test(file)) living.set('writer', this)
      else if (/piscina/.test(file)) living.set('shard', this)
    }
  }
  createRequire(import.meta.url)('node:module').syncBuiltinESMExports()
  process.on('SIGUSR2', () => void living.get(process.env.DEADLY_THREAD ?? 'shard')?.terminate())
}
