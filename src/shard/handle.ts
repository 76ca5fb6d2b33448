import { Piscina } from 'piscina'
import type { ClassifierOptions } from './classifier.ts'
import type { ShardResult, ShardTask } from './task.ts'

/**
 * The main thread's side of one shard: a pool of exactly one thread, because state has one home.
 */
export type ShardHandle = {
  /**
   * One call at a time: the next one only when this one has come back. Rejects if the thread
   * dies.
   */
  run(task: ShardTask): Promise<ShardResult>
  close(): Promise<void>
}

/**
 * `onDeath`: the thread is gone, also between two calls: the pool would put one without state in
 * its place.
 */
export function startShard(
  options: ClassifierOptions,
  onDeath: (error: Error) => void,
): ShardHandle {
  const source = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
  const pool = new Piscina({
    filename: new URL(source, import.meta.url).href,
    workerData: options,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    recordTiming: false,
    // a thread that ends takes its rolling state along: never for idleness
    idleTimeout: Number.POSITIVE_INFINITY,
  })
  let isClosed = false
  const died = (cause?: unknown): void => {
    if (!isClosed) onDeath(new Error('the thread of a shard ended', { cause }))
  }
  pool.on('workerDestroy', () => died())
  pool.on('error', died)
  return {
    run(task) {
      const transferList = [...task.rowSlabs]
      if (task.slab !== null) transferList.push(task.slab)
      if (task.restored !== null) transferList.push(task.restored.buffer)
      return pool.run(task, { transferList })
    },
    close() {
      isClosed = true
      return pool.destroy()
    },
  }
}
