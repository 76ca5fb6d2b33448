import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { FROM_MS, TO_MS } from './flow-sql.ts'
import { POSTGRESQL, Sql } from './queries.ts'

/** Intervals in which prints may have been missed, as bars over every panel with a time axis. */
export const GAPS_SQL = `SELECT to_timestamp(started_at / 1000.0) AS time,
  CASE WHEN ended_at IS NULL THEN now() ELSE to_timestamp(ended_at / 1000.0) END AS timeend,
  'gap: ' || reason || ', ' || status AS text, array_to_string(symbols, ',') AS tags
FROM flow_gaps
WHERE started_at <= ${TO_MS} AND (ended_at IS NULL OR ended_at >= ${FROM_MS})
ORDER BY started_at`

export function gapAnnotation(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Gaps')
    .datasource(POSTGRESQL)
    .enable(true)
    .iconColor('orange')
    .target(new Sql(GAPS_SQL, 'Gaps', 'table'))
}
