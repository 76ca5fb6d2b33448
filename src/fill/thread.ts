/** The filler thread: a plain worker, because it waits for REST and PostgreSQL most of its time. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Filler } from './filler.ts'
import type { FillerData, FromFiller, ToFiller } from './messages.ts'

if (parentPort === null) throw new Error('thread.ts runs as a worker thread: use handle.ts')
const port: MessagePort = parentPort
const filler = new Filler(workerData as FillerData, (message: FromFiller) => {
  port.postMessage(message)
})

port.on('message', (message: ToFiller) => {
  if (message.kind === 'look') filler.look()
  else if (message.kind === 'told') filler.handleTold(message)
  else filler.stop()
})
await filler.run()
port.close()
