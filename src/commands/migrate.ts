import { Command } from 'commander'
import { migrateDatabase } from '../writer/upkeep.ts'
import { openDatabase, setupFor } from './start.ts'

/** `flow migrate`: brings the database to the newest schema. */
export function migrateCommand(): Command {
  const command = new Command('migrate').description('bring the database to the newest schema')
  const setup = setupFor(command, ['databaseUrl', 'dataDir', 'log'])
  return command.action(async () => {
    const { config, log } = setup()
    const database = await openDatabase(config, log, true)
    try {
      const applied = await migrateDatabase(database.url)
      log.info(applied.length === 0 ? 'the schema is up to date' : 'migrated', {
        migrations: applied,
      })
    } finally {
      await database.stop()
    }
  })
}
