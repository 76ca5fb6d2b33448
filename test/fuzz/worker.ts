/** A thread that runs one target; run by watch.ts, which ends it when it hangs. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './loop.ts'
import { TARGETS } from './targets.ts'
import type { FromWorker, WorkerTask } from './watch.ts'

/** How often the heap is measured after a collection: so many times a run. */
const MEASURES = 10

const task = workerData as WorkerTask
const { inputs, seed, shared } = task
const count = new Int32Array(shared, 0, 1)
const length = new Int32Array(shared, 4, 1)
const copy = new Uint8Array(shared, 8)

const target = TARGETS.find(({ name }) => name === task.target)!
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const tell = (message: FromWorker): void => parentPort!.postMessage(message)
const every = Math.ceil(inputs / MEASURES)

function measure(): void {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  tell({ kind: 'memory', bytes: heapUsed + arrayBuffers })
}

const outcome = await fuzz(
  target,
  { inputs, seed },
  {
    onInput(input, index) {
      // what is running must be known when it never ends
      const kept = Math.min(input.length, copy.length)
      copy.set(input.subarray(0, kept))
      length[0] = kept
      Atomics.store(count, 0, index + 1)
      if (inputs >= 10_000 && index > 0 && index % every === 0) measure()
    },
    onFailure: ({ input, problem, of }) => tell({ kind: 'failure', input, problem, of }),
  },
)
tell({ kind: 'done', ...outcome })
