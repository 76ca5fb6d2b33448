import type { Answer, Asked, Route } from '../metrics/routes.ts'
import type { Database } from './database.ts'
import { checkNames, limitOf, numberOf, TIME_MAX } from './parameters.ts'

const LIMIT = 100
const LIMIT_MAX = 1000
const NAMES = ['since', 'limit'] as const

/**
 * `GET /api/gaps`: intervals in which prints may have been missed, the newest first, and what a
 * fill brought of them. `since`: epoch ms; gaps that ended before are left out. `limit` 1 to 1,000.
 * `database`: null while there is none yet.
 */
export function gapsRoute(database: () => Database | null): Route {
  return { path: '/api/gaps', answer: (asked) => gaps(database(), asked) }
}

async function gaps(database: Database | null, { query }: Asked): Promise<Answer> {
  checkNames(query, NAMES)
  const since = Math.ceil(numberOf(query, 'since', 0, TIME_MAX) ?? 0)
  const limit = limitOf(query, LIMIT, LIMIT_MAX)
  if (database === null) {
    return { status: 503, body: { error: 'the database is not there yet; try again' } }
  }
  const text = `SELECT gap_id, started_at::float8 AS started_at, ended_at::float8 AS ended_at,
      symbols, reason, status, filled
    FROM flow_gaps WHERE ended_at IS NULL OR ended_at >= $1
    ORDER BY flow_gaps.started_at DESC, gap_id LIMIT $2`
  return { body: { gaps: await database.query(text, [since, limit]) } }
}
