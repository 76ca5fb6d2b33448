/** The thread of the alerts: a plain worker, because it waits for sinks and PostgreSQL. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import { Alerter } from './alerter.ts'
import type { AlerterData, FromAlerter, ToAlerter } from './messages.ts'

if (parentPort === null) throw new Error('thread.ts runs as a worker thread: use handle.ts')
const port: MessagePort = parentPort
const data = workerData as AlerterData
const flow = new FlowAnalysisEngine({ databaseUrl: data.databaseUrl })
const alerter = new Alerter({
  ...data,
  tell: (message: FromAlerter) => port.postMessage(message),
  contextOf: (symbol, window) => flow.getFlowContext(symbol, window),
})

port.on('message', (message: ToAlerter) => alerter.handle(message))
await alerter.run()
await flow.close()
port.close()
