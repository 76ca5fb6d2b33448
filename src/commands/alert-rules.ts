import type { AlertRules } from '../alerts/rules.ts'
import { RulesError, readRulesFile } from '../alerts/rules-file.ts'
import { type Config, ConfigError } from '../config.ts'
import { PATH_SHOWN_MAX, printable } from '../config-problems.ts'
import { readEnvFile } from '../env-file.ts'

/**
 * The rules of FLOW_ALERTS_FILE; null: none is named. Throws ConfigError with all that is wrong
 * with the file, each with its line.
 */
export function alertRulesOf({ alertsFile }: Pick<Config, 'alertsFile'>): AlertRules | null {
  if (alertsFile === null) return null
  // a name that is set to nothing hides the one in .env, as with the settings
  const env = { ...readEnvFile(process.cwd()), ...process.env }
  try {
    return readRulesFile(alertsFile, env)
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    const shown = printable(alertsFile, PATH_SHOWN_MAX)
    throw new ConfigError(error.problems.map((line) => `FLOW_ALERTS_FILE ${shown}: ${line}`))
  }
}
