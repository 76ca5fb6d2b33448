import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import type { Route } from '../metrics/routes.ts'
import { EVIDENCE_SCHEMAS } from './openapi-evidence.ts'
import { FLOW_SCHEMAS } from './openapi-flow.ts'
import { MINUTES_SCHEMAS } from './openapi-minutes.ts'
import { LIVE_SCHEMAS } from './openapi-prints.ts'
import { list, object, orNull, ref, type Schema, text, time } from './openapi-schema.ts'
import { STATE_SCHEMAS } from './openapi-state.ts'
import { TIME_MAX } from './parameters.ts'

type Parameter = {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required?: true
  readonly description: string
  readonly schema: Schema
  /** With commas between the values of a list. */
  readonly style?: 'form'
  readonly explode?: false
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>
type Response =
  | { readonly description: string; readonly content?: Content }
  | { readonly $ref: string }
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security?: readonly []
  readonly parameters?: readonly Parameter[]
  readonly responses: Readonly<Record<string, Response>>
}

/** What can go wrong with any request, and what it says. */
const ERRORS = {
  400: 'a parameter is wrong; the error says what was expected',
  401: 'the token is missing or another',
  403: 'a Host of another name on loopback, or a page of another site',
  404: 'there is nothing, and why',
  405: 'another method than GET (or HEAD)',
  413: 'a body came',
  414: 'an address of more than 2,048 characters',
  422: 'the query takes too long: ask for less',
  429: 'more than 100 requests a second; Retry-After says when',
  500: 'it failed here; the log has the cause',
  503: 'not ready, no room, or no answer in time: try again',
} as const
type Status = keyof typeof ERRORS
const ALWAYS: readonly Status[] = [401, 403, 405, 413, 414, 429, 500, 503]

const json = (schema: Schema): Content => ({ 'application/json': { schema } })

function answers(content: Content, description: string, more: readonly Status[] = []) {
  const errors = [...ALWAYS, ...more].sort((a, b) => a - b)
  const refs = errors.map((status) => [status, { $ref: `#/components/responses/${status}` }])
  return {
    200: { description, content },
    ...(Object.fromEntries(refs) as Record<string, Response>),
  }
}

const query = (name: string, description: string, schema: Schema): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
})
const path = (name: string, description: string, schema: Schema): Parameter => ({
  ...{ name, in: 'path', required: true },
  description,
  schema,
})
const several = (name: string, description: string, items: Schema): Parameter => ({
  ...query(name, `${description}; several with commas between`, { type: 'array', items }),
  ...{ style: 'form', explode: false },
})

const TIME: Schema = { type: 'number', minimum: 0, maximum: TIME_MAX }
const MOMENT: Schema = { type: 'integer', minimum: 0, maximum: TIME_MAX }
const LIMIT: Schema = { type: 'integer', minimum: 1, maximum: 1000 }
const SYMBOL: Schema = { type: 'string' }
const labels = (values: readonly string[]): Schema => ({ type: 'string', enum: values })
const DTE: Schema = { type: 'number', minimum: 0, maximum: 5000 }
/** Which prints are meant, of the store and of the stream. */
const OF_PRINTS = [
  several('symbol', 'underlyings such as SPX', SYMBOL),
  several('type', 'trade types', labels(TRADE_TYPE_TEXT)),
  query('minPremium', 'dollars, least premium', { type: 'number', minimum: 0 }),
  several('side', 'sides', labels(SIDE_TEXT)),
  several('sentiment', 'sentiments', labels(SENTIMENT_TEXT)),
] as const

const SCHEMAS = {
  ...LIVE_SCHEMAS,
  ...EVIDENCE_SCHEMAS,
  ...FLOW_SCHEMAS,
  ...MINUTES_SCHEMAS,
  ...STATE_SCHEMAS,
  Error: object<{ error: string }>({ error: text('what is wrong, and what was expected') }),
} satisfies Readonly<Record<string, Schema>>

const STREAM = {
  operationId: 'stream',
  summary: 'prints and events as they come, as server-sent events or over a WebSocket',
  description:
    'A request with Upgrade: websocket opens a WebSocket, whose messages are {"type", "data"}; any ' +
    'other is answered with server-sent events, whose event is the type and whose data is the ' +
    'data. Prints are told as their labels are final, before they are committed; events once they ' +
    'are, every version. From the second version of an event on only symbol counts.',
  parameters: [
    ...OF_PRINTS,
    several('kinds', 'what is told; without it both', labels(['prints', 'events'])),
    query('since', 'epoch ms; events from then on are told first, at most 5 minutes back', TIME),
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'id of the last server-sent event; goes before since',
      schema: { type: 'integer', minimum: 0 },
    },
  ],
  responses: {
    101: { description: 'a WebSocket; each message is one of the Message schemas' },
    ...answers(
      { 'text/event-stream': { schema: { type: 'string' } } },
      'server-sent events',
      [400],
    ),
  },
} as const satisfies Operation

type Trades = { trades: object[] }
/** The answer to `receivedSince`. */
type TradesTo = Trades & { receivedTo: number | null }

const TRADES = { trades: list(ref('StoredPrint')) }
const MARK = orNull(time('all that the engine received before is stored; with receivedSince alone'))

const PATHS: Readonly<Record<string, { readonly get: Operation }>> = {
  '/healthz': {
    get: {
      operationId: 'healthz',
      summary: 'whether the process is alive',
      security: [],
      responses: answers(json(object<{ status: string }>({ status: { const: 'alive' } })), 'alive'),
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      summary: 'whether the engine is migrated and subscribed; 503 and the reason where not',
      security: [],
      responses: answers(json(object<{ status: string }>({ status: { const: 'ready' } })), 'ready'),
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'every metric, as Prometheus text',
      responses: answers({ 'text/plain': { schema: { type: 'string' } } }, 'metrics'),
    },
  },
  '/api/stats': {
    get: {
      operationId: 'stats',
      summary: 'the account of all prints and how the engine is',
      responses: answers(json(ref('Stats')), 'statistics'),
    },
  },
  '/api/trades': {
    get: {
      operationId: 'trades',
      summary: 'stored prints, newest first',
      parameters: [
        ...OF_PRINTS,
        query('right', 'calls or puts alone', labels(['call', 'put'])),
        query('dteMin', 'days to expiration, inclusive', DTE),
        query('dteMax', 'days to expiration, inclusive', DTE),
        query('since', 'epoch ms, inclusive', TIME),
        query('until', 'epoch ms, inclusive', TIME),
        query('receivedSince', 'epoch ms, inclusive: when the engine received it', TIME),
        query('limit', '100 without it', LIMIT),
      ],
      responses: answers(
        json({
          anyOf: [object<Trades>(TRADES), object<TradesTo>({ ...TRADES, receivedTo: MARK })],
        }),
        'prints',
        [400, 422],
      ),
    },
  },
  '/api/trades/{contract}/{sequence}': {
    get: {
      operationId: 'trade',
      summary: 'a stored print with what each of its labels rests on',
      parameters: [
        path('contract', 'ticker such as O:SPXW251219C06475000, also without O:', SYMBOL),
        path('sequence', "the vendor's sequence number", { type: 'integer', minimum: 0 }),
        query('date', 'New York date; the newest that has it without', {
          ...{ type: 'string', format: 'date' },
        }),
      ],
      responses: answers(json(ref('Explained')), 'the print, or its cancels', [400, 404, 422]),
    },
  },
  '/api/gaps': {
    get: {
      operationId: 'gaps',
      summary: 'intervals in which prints may have been missed, newest first',
      parameters: [
        query('since', 'epoch ms; gaps that ended before are left out', TIME),
        query('limit', '100 without it', LIMIT),
      ],
      responses: answers(
        json(object<{ gaps: object[] }>({ gaps: list(ref('Gap')) })),
        'gaps',
        [400, 422],
      ),
    },
  },
  '/api/flow/{symbol}': {
    get: {
      operationId: 'flow',
      summary: 'what the flow of an underlying says',
      parameters: [
        path('symbol', 'underlying such as SPX', SYMBOL),
        query('window', 'an hour, four hours (without it) or a day', {
          ...labels(['short', 'medium', 'long']),
        }),
        query('asOf', 'epoch ms, whole; what was known later is not seen', MOMENT),
      ],
      responses: answers(json(ref('FlowContext')), 'the context', [400, 404, 422]),
    },
  },
  '/api/minutes/{symbol}': {
    get: {
      operationId: 'minutes',
      summary: 'premium of an underlying by minute, oldest first; minutes without prints left out',
      parameters: [
        path('symbol', 'underlying such as SPX', SYMBOL),
        query('from', 'epoch ms; four hours before to without it', TIME),
        query('to', 'epoch ms, at most seven days after from; now without it', TIME),
      ],
      responses: answers(json(ref('Minutes')), 'the minutes', [400, 422]),
    },
  },
  '/api/stream': { get: STREAM },
  '/api/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'this description',
      responses: answers(json({ type: 'object' }), 'OpenAPI 3.1'),
    },
  },
}

/** The OpenAPI 3.1 description of everything that is served. `version`: of the program. */
export function openApi(version: string) {
  const errors = Object.entries(ERRORS).map(([status, description]) => [
    status,
    { description, content: json(ref('Error')) },
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'options-flow-engine',
      version,
      description: 'Flow of the US options tape. Times are epoch ms, money is dollars.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths: PATHS,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'FLOW_HTTP_TOKEN, where it is set' },
      },
      responses: Object.fromEntries(errors) as Record<Status, Response>,
      schemas: SCHEMAS,
    },
  } as const
}

/** `GET /api/openapi.json`. */
export function openApiRoute(version: string): Route {
  const body = openApi(version)
  return { path: '/api/openapi.json', answer: () => ({ body }) }
}
