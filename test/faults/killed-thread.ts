/**
 * Preloaded into a flow process (--import): SIGUSR2 ends the newest thread whose file name holds
 * FAULT_THREAD, at once and whatever it does.
 */
import { syncBuiltinESMExports } from 'node:module'
import threads, { isMainThread } from 'node:worker_threads'

const wanted = process.env.FAULT_THREAD ?? ''
const found: threads.Worker[] = []

class TrackedWorker extends threads.Worker {
  constructor(file: string | URL, options?: threads.WorkerOptions) {
    super(file, options)
    if (String(file).includes(wanted)) found.push(this)
  }
}

if (isMainThread) {
  threads.Worker = TrackedWorker
  syncBuiltinESMExports()
  process.on('SIGUSR2', () => {
    console.log(`ending one of ${found.length} threads`)
    void found.pop()?.terminate()
  })
}
