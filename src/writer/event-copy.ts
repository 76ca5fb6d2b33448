import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { FlowEvent } from './events.ts'

/** Events that go to the socket at once. */
const WRITE_EVENTS = 256

/** COPY of events into a table of the connection's own, flow_incoming_events, and of no others. */
export async function copyEvents(client: Client, events: readonly FlowEvent[]): Promise<void> {
  const columns = Object.keys(events[0]!) as (keyof FlowEvent)[]
  const names = columns.join(', ')
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS flow_incoming_events ON COMMIT DELETE ROWS
    AS SELECT ${names} FROM flow_events WITH NO DATA;
    DELETE FROM flow_incoming_events`)
  await new Promise<void>((resolve, reject) => {
    const stream = client.query(copyFrom(`COPY flow_incoming_events (${names}) FROM STDIN`))
    stream.on('error', reject)
    stream.on('finish', resolve)
    for (let first = 0; first < events.length; first += WRITE_EVENTS) {
      const part = events.slice(first, first + WRITE_EVENTS)
      stream.write(part.map((event) => lineOf(columns, event)).join(''))
    }
    stream.end()
  })
}

function lineOf(columns: readonly (keyof FlowEvent)[], event: FlowEvent): string {
  return `${columns.map((column) => fieldOf(column, event)).join('\t')}\n`
}

/** A field of COPY's text format. */
function fieldOf(column: keyof FlowEvent, event: FlowEvent): string {
  const value = event[column]
  if (value === null) return '\\N'
  if (typeof value === 'number') return `${value}`
  if (typeof value === 'string') return escaped(value)
  const json = JSON.stringify(value)
  // an array of texts or numbers in braces is one of PostgreSQL too
  return escaped(column === 'legs' ? json : `{${json.slice(1, -1)}}`)
}

function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (found) => ESCAPES[found]!) : text
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}
