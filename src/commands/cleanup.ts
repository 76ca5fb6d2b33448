import { Command } from 'commander'
import { cleanupDatabase } from '../writer/upkeep.ts'
import { openDatabase, setupFor } from './start.ts'

/** `flow cleanup`: deletes the flow that is older than the retention. */
export function cleanupCommand(): Command {
  const command = new Command('cleanup').description(
    'delete the flow that is older than the retention',
  )
  const setup = setupFor(command, ['databaseUrl', 'dataDir', 'retentionDays', 'log'])
  return command.action(async () => {
    const { config, log } = setup()
    const database = await openDatabase(config, log, true)
    try {
      const rows = await cleanupDatabase(database.url, config.retentionDays)
      log.info('cleaned up', { rows, retention_days: config.retentionDays })
    } finally {
      await database.stop()
    }
  })
}
