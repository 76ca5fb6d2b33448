import type { Connection } from './connection.ts'
import type { Fault, TimedFault } from './faults.ts'
import { isTimed } from './faults.ts'
import type { Hub } from './hub.ts'

const MIB = 1024 * 1024
const SAMPLE = '[{"ev":"T","sym":"O:SPY261218C00650000","x":302,"p":1.5,"s":1,"t":1}]'

/**
 * Lets each timed fault happen once, counted from now, to the connections of all clusters. Returns
 * what calls them off.
 */
export function scheduleFaults(
  faults: readonly Fault[],
  hub: Hub,
  beside: ReadonlySet<Connection>,
): () => void {
  const timers = faults
    .filter(isTimed)
    .map((fault) => setTimeout(() => happen(fault, hub, beside), fault.atMs))
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

function happen(fault: TimedFault, hub: Hub, beside: ReadonlySet<Connection>): void {
  if (fault.name === 'silence') hub.silence(fault.durationMs)
  for (const connection of [...hub.connections, ...beside]) {
    switch (fault.name) {
      case 'drop':
        connection.drop()
        break
      case 'close':
        connection.close(1001)
        break
      case 'evict':
        connection.evict()
        break
      case 'halfopen':
        connection.freeze()
        break
      case 'garbage':
        connection.send('[{"ev":"T","sym":"O:SPY')
        break
      case 'badutf8':
        connection.send(Buffer.from([0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d]))
        break
      case 'binary':
        connection.send(Buffer.from(SAMPLE), true)
        break
      case 'bigframe':
        connection.send(frameOf(15 * MIB))
        break
      case 'hugeframe':
        connection.send(frameOf(17 * MIB))
        break
    }
  }
}

/** One event that nobody knows, of this many bytes. */
function frameOf(bytes: number): string {
  const [start, end] = ['[{"ev":"XX","pad":"', '"}]']
  return start + 'x'.repeat(bytes - start.length - end.length) + end
}
