import type { Log } from '../console/log.ts'
import { withConnection } from '../writer/upkeep.ts'

const DAY_MS = 86_400_000

/**
 * Notes in the database that the demo fills it, or warns who begins with real flow beside it: both
 * look the same in every context. What the retention has removed since is not warned of.
 */
export async function noteDemo(
  databaseUrl: string,
  { demo, retentionDays }: { readonly demo: boolean; readonly retentionDays: number },
  log: Log,
): Promise<void> {
  const last = await withConnection(databaseUrl, 'flow-demo', async (client) => {
    if (demo) {
      await client.query(
        `INSERT INTO flow_settings (name, value) VALUES ('demo_at', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        [`${Date.now()}`],
      )
      return null
    }
    const read = "SELECT value FROM flow_settings WHERE name = 'demo_at'"
    const { rows } = await client.query<{ value: string }>(read)
    return rows[0] === undefined ? null : Number(rows[0].value)
  })
  if (last === null || last < Date.now() - retentionDays * DAY_MS) return
  log.warn(
    `this database has made-up flow of the demo (last started ${new Date(last).toISOString()}), ` +
      'which counts as real: use another FLOW_DATA_DIR or DATABASE_URL',
  )
}
