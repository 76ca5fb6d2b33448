import { Worker } from 'node:worker_threads'

/** One input that runs longer hangs, ms; the machine may have much else to do. */
const INPUT_MS_MAX = 15_000
const LOOK_MS = 200
const HEAP_MIB_MAX = 512
/** Of the whole process, runner included. */
const RSS_MAX = 1536 * 1024 * 1024
const COPY_BYTES = 1024 * 1024

export type WorkerTask = {
  readonly target: string
  readonly inputs: number
  readonly seed: number
  /** i32 inputs begun | i32 length | the input at hand. */
  readonly shared: SharedArrayBuffer
}

export type FromWorker =
  | { readonly kind: 'failure'; input: Uint8Array; problem: string; of: string }
  /** Heap and buffers after a collection. */
  | { readonly kind: 'memory'; readonly bytes: number }
  | { readonly kind: 'done'; inputs: number; behaviours: number; failures: number }

export type Found = { readonly input: Buffer; readonly problem: string; readonly of: string }

export type Report = {
  readonly target: string
  readonly inputs: number
  readonly behaviours: number
  readonly seconds: number
  /** Largest resident memory of the process that was seen, bytes. */
  readonly rssMax: number
  /** Heap and buffers of the thread after a collection, through the run, bytes. */
  readonly memory: readonly number[]
  readonly found: readonly Found[]
}

/**
 * Runs a target in a thread of its own. An input that does not end, ends the thread, or takes more
 * memory than there should be, is found like one that throws; the run ends with it.
 */
export function watch(target: string, inputs: number, seed: number): Promise<Report> {
  const shared = new SharedArrayBuffer(8 + COPY_BYTES)
  const count = new Int32Array(shared, 0, 1)
  const startedAt = performance.now()
  const found: Found[] = []
  const memory: number[] = []
  let rssMax = 0
  let behaviours = 0
  let isDone = false
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { target, inputs, seed, shared } satisfies WorkerTask,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  })
  const atHand = (problem: string): void => {
    const length = new Int32Array(shared, 4, 1)[0]!
    const input = Buffer.from(new Uint8Array(shared, 8, length))
    found.push({ input, problem, of: `input ${Atomics.load(count, 0)} in all` })
  }
  return new Promise((resolve) => {
    let before = 0
    let movedAt = performance.now()
    const look = setInterval(() => {
      const now = Atomics.load(count, 0)
      rssMax = Math.max(rssMax, process.memoryUsage.rss())
      if (now !== before) movedAt = performance.now()
      before = now
      const isStuck = performance.now() - movedAt > INPUT_MS_MAX && now > 0
      if (isStuck) atHand(`hangs: no end after ${INPUT_MS_MAX} ms`)
      else if (rssMax > RSS_MAX) atHand(`memory: the process takes ${rssMax} bytes`)
      else return
      clearInterval(look)
      isDone = true
      void worker.terminate()
    }, LOOK_MS)
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'memory') memory.push(message.bytes)
      else if (message.kind === 'done') {
        isDone = true
        behaviours = message.behaviours
      } else found.push({ ...message, input: Buffer.from(message.input) })
    })
    worker.on('error', (error) => {
      isDone = true
      atHand(`the thread died: ${error.stack ?? error.message}`)
    })
    worker.on('exit', () => {
      clearInterval(look)
      if (!isDone) atHand('hangs: it waits for something that never comes')
      rssMax = Math.max(rssMax, process.memoryUsage.rss())
      resolve({
        target,
        inputs: Atomics.load(count, 0),
        behaviours,
        seconds: (performance.now() - startedAt) / 1000,
        rssMax,
        memory,
        found,
      })
    })
  })
}
