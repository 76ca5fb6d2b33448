import { type AskedContext, askedContext } from '../flow/asked.ts'
import type { FlowAnalysisEngine } from '../flow/flow-analysis-engine.ts'
import { WINDOWS } from '../flow/window.ts'
import { type Answer, type Asked, RequestError, type Route } from '../metrics/routes.ts'
import { checkNames, given } from './parameters.ts'

const NAMES = ['window', 'asOf'] as const
const WINDOW = 'medium'
/** Characters of a value that a message shows. */
const SHOWN_MAX = 40

type Contexts = Pick<FlowAnalysisEngine, 'getFlowContext'>

/**
 * `GET /api/flow/:symbol`: the flow context of an underlying. `window` short, medium (also where
 * none is given) or long; `asOf` epoch ms: what was known later is not seen. `flow`: null while
 * there is no database yet.
 */
export function flowRoute(flow: () => Contexts | null): Route {
  return { path: '/api/flow/:symbol', answer: (asked) => context(flow(), asked) }
}

async function context(flow: Contexts | null, { params, query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const window = given(query, 'window') ?? WINDOW
  const asOf = momentOf(given(query, 'asOf'))
  const { symbol, at, ...asked } = checked(params.symbol!, window, asOf)
  if (flow === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  const found = await flow.getFlowContext(symbol, asked.window, asOf === undefined ? {} : { asOf })
  if (found !== null) return { body: found }
  const until = new Date(at).toISOString()
  throw new RequestError(
    404,
    `no flow of ${symbol} in the ${WINDOWS[asked.window].name} to ${until}`,
  )
}

/** Only whether it is a number at all: what moments there are the question itself knows. */
function momentOf(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const came = text.slice(0, SHOWN_MAX)
  throw new RequestError(400, `asOf: expected whole epoch ms, at most now, came ${came}`)
}

function checked(symbol: string, window: string, asOf: number | undefined): AskedContext {
  try {
    return askedContext(symbol, window, asOf)
  } catch (error) {
    if (error instanceof RangeError) throw new RequestError(400, error.message)
    throw error
  }
}
