import { type Fault, isShared, type SharedFault } from './faults.ts'
import { Random } from './random.ts'

/** What happens to a request instead of, or before, its answer. */
export type RestTrouble =
  | { readonly kind: 'throttle' | 'error' | 'hang' | 'empty' }
  | { readonly kind: 'delay'; readonly ms: number }

const SLOW_REST_MS = 2000
/** Requests of each path that `rest429` without a share refuses. */
const REFUSALS = 2

const KINDS = {
  rest429: 'throttle',
  rest500: 'error',
  resthang: 'hang',
  restempty: 'empty',
} as const

/**
 * Draws what goes wrong with each request: at most one thing, each in its share of the requests.
 * The same seed gives the same troubles to the same number of requests.
 */
export function restTroubles(
  faults: readonly Fault[],
  seed: number,
): (path: string) => RestTrouble | null {
  const shared = faults.filter(isShared)
  const isRefusing = faults.some((fault) => fault.name === 'rest429' && !isShared(fault))
  const isSlow = faults.some((fault) => fault.name === 'slow-rest')
  const random = new Random(seed)
  const refused = new Map<string, number>()
  return (path) => {
    const refusals = refused.get(path) ?? 0
    if (isRefusing && refusals < REFUSALS) {
      refused.set(path, refusals + 1)
      return { kind: 'throttle' }
    }
    let at = shared.length === 0 ? 1 : random.next()
    for (const fault of shared) {
      at -= fault.share
      if (at < 0) return troubleOf(fault)
    }
    return isSlow ? { kind: 'delay', ms: SLOW_REST_MS } : null
  }
}

function troubleOf({ name, delayMs }: SharedFault): RestTrouble {
  return name === 'restdelay' ? { kind: 'delay', ms: delayMs } : { kind: KINDS[name] }
}
