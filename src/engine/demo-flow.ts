import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../console/log.ts'
import { withConnection } from '../writer/upkeep.ts'

const DAY_MS = 86_400_000
/** The feed does not wait longer for this. */
const PATIENCE_MS = 5000

type Kind = { readonly demo: boolean; readonly retentionDays: number }

/**
 * Notes in the database that the demo fills it, and warns who begins with real flow beside that, or
 * with the demo beside real flow: both look the same in every context. What the retention
 * (`retentionDays`, 0: all is kept) has removed since is not warned of. Gives up in silence where
 * the database does not answer: the store tells of that.
 */
export async function noteDemo(databaseUrl: string, kind: Kind, log: Log): Promise<void> {
  const noted = kind.demo ? beginDemo(databaseUrl) : beginReal(databaseUrl, kind.retentionDays)
  const patience = sleep(PATIENCE_MS, null, { ref: false })
  const warning = await Promise.race([noted.catch(() => null), patience])
  if (warning !== null) log.warn(warning)
}

/** Each gives a warning, or null. */
async function beginDemo(databaseUrl: string): Promise<string | null> {
  const hadReal = await withConnection(databaseUrl, 'flow-demo', async (client) => {
    const read = `SELECT EXISTS (SELECT FROM options_flow_history)
      AND NOT EXISTS (SELECT FROM flow_settings WHERE name = 'demo_at') AS "hadReal"`
    const { rows } = await client.query<{ hadReal: boolean }>(read)
    await client.query(
      `INSERT INTO flow_settings (name, value) VALUES ('demo_at', $1)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [`${Date.now()}`],
    )
    return rows[0]!.hadReal
  })
  if (!hadReal) return null
  return (
    'this is the demo, for there is no MASSIVE_API_KEY, and this database has flow already: ' +
    'made-up prints go beside it and count as real; stop, and set the key or another FLOW_DATA_DIR'
  )
}

async function beginReal(databaseUrl: string, retentionDays: number): Promise<string | null> {
  const last = await withConnection(databaseUrl, 'flow-demo', async (client) => {
    const read = "SELECT value FROM flow_settings WHERE name = 'demo_at'"
    const { rows } = await client.query<{ value: string }>(read)
    return rows[0] === undefined ? null : Number(rows[0].value)
  })
  if (last === null) return null
  if (retentionDays > 0 && last < Date.now() - retentionDays * DAY_MS) return null
  return (
    `this database has made-up flow of the demo (last started ${new Date(last).toISOString()}), ` +
    'which counts as real: use another FLOW_DATA_DIR or DATABASE_URL'
  )
}
