/**
 * A process with one feed session that stops it in the state named on the command line. It never
 * calls process.exit: it ends only if the session leaves no timer and no socket behind.
 *
 *   node stop-in-state.ts URL STATE
 */
import { FeedSession } from '../../src/reader/session.ts'

const [url = '', state = ''] = process.argv.slice(2)

const session = new FeedSession({
  url,
  apiKey: 'k',
  connection: 0,
  topics: ['T.*'],
  reconnectMinMs: 60_000,
  silenceMs: 60_000,
  closeTimeoutMs: 50,
  onFrame: (_connection, data) => {
    for (const event of JSON.parse(data.toString())) {
      session.handleStatus(event.status, event.message)
    }
    check()
  },
  onEvent: check,
})

let stopped = false

function check(): void {
  if (stopped || (state !== 'paused' && session.state !== state)) return
  if (state === 'paused') {
    if (session.state !== 'ready') return
    session.pause()
  }
  stopped = true
  void session.stop().then(() => process.stdout.write(`${session.state} after ${state}`))
}

check()
if (!stopped) session.start()
check()
