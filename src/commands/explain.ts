import { Argument, Command, Option } from 'commander'
import pg from 'pg'
import { openDatabase as openApi } from '../api/database.ts'
import { explainPrint } from '../api/evidence.ts'
import type { AskedPrint } from '../api/lookup.ts'
import { askedPrint } from '../api/trade.ts'
import { evidenceText } from '../console/evidence-text.ts'
import type { Explained } from '../domain/evidence.ts'
import { RequestError } from '../metrics/routes.ts'
import { UsageError } from '../usage-error.ts'
import { openStored, setupFor } from './start.ts'

/** `flow explain CONTRACT SEQUENCE`: what each label of a stored print rests on. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('tell what each label of a stored print rests on')
    .addArgument(new Argument('<CONTRACT>', 'its ticker, such as O:SPXW251219C06475000'))
    .addArgument(new Argument('<SEQUENCE>', "the vendor's sequence number of the print"))
    .addOption(
      new Option('--date <date>', 'New York date, such as 2025-11-21 (default: the newest)'),
    )
    .addOption(new Option('--json', 'the answer of GET /api/trades/:contract/:sequence'))
  const setup = setupFor(command, ['databaseUrl', 'dataDir', 'log'], process.stderr)
  return command.action(
    async (contract: string, sequence: string, flags: { date?: string; json?: true }) => {
      const asked = usage(() => askedPrint(contract, sequence, flags.date ?? ''))
      const { config, log } = setup()
      const database = await openStored(config, log)
      try {
        const explained = await ask(database.url, asked)
        process.stdout.write(
          flags.json === true ? `${JSON.stringify(explained)}\n` : evidenceText(explained),
        )
      } finally {
        await database.stop()
      }
    },
  )
}

async function ask(databaseUrl: string, asked: AskedPrint): Promise<Explained> {
  const database = openApi(databaseUrl)
  try {
    return await explainPrint(database, asked)
  } catch (error) {
    if (error instanceof pg.DatabaseError && isOtherSchema(error.code)) {
      throw new Error('the database has not the schema of this version: run flow migrate', {
        cause: error,
      })
    }
    throw error
  } finally {
    await database.close()
  }
}

/** What was typed wrong is a wrong call. */
function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RequestError ? new UsageError(error.message) : error
  }
}

/** 42P01: no such table. 42703: no such column. */
function isOtherSchema(code: string | undefined): boolean {
  return code === '42P01' || code === '42703'
}
