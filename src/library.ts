import { ConfigError, SETTINGS } from './config.ts'
import { boostOf, FLOW_SETTINGS } from './config-flow.ts'
import { problemOf } from './config-problems.ts'
import { givenValue } from './config-sources.ts'
import type { Setting } from './config-values.ts'
import { readEnvFile } from './env-file.ts'
import type { BoostSettings } from './flow/boost.ts'
import {
  FlowAnalysisEngine as Engine,
  type FlowEngineOptions,
} from './flow/flow-analysis-engine.ts'

/**
 * The FlowAnalysisEngine of other programs: what it is not told it takes from the environment and
 * from `.env` of the working directory, as the commands do (DATABASE_URL, FLOW_DATA_DIR,
 * FLOW_STALE_MS, FLOW_BOOST_*). Throws a ConfigError for what is wrong there, or in the options.
 */
export class FlowAnalysisEngine extends Engine {
  constructor(options: FlowEngineOptions = {}) {
    const found = settings(process.env, process.cwd())
    const { dataDir, staleMs, boost = {} } = options
    // a data directory that is named is meant, whatever DATABASE_URL says
    const databaseUrl = dataDir === undefined ? found.databaseUrl : undefined
    const named = Object.entries(boost).filter(([, value]) => value !== undefined)
    const given: Partial<BoostSettings> = Object.fromEntries(named)
    checkOptions(staleMs, given, { ...found.boost, ...given })
    super({
      databaseUrl: options.databaseUrl ?? databaseUrl,
      dataDir: dataDir ?? found.dataDir,
      staleMs: staleMs ?? found.staleMs,
      boost: { ...found.boost, ...given },
    })
  }
}

const BOOST_OPTIONS: Readonly<Record<keyof BoostSettings, keyof typeof FLOW_SETTINGS>> = {
  strongScore: 'boostStrongScore',
  weakScore: 'boostWeakScore',
  strongPercent: 'boostStrongPercent',
  weakPercent: 'boostWeakPercent',
  scalpPercent: 'boostScalpPercent',
  dayPercent: 'boostDayPercent',
  swingPercent: 'boostSwingPercent',
}

/** Options have the limits of the settings that they stand for. */
function checkOptions(
  staleMs: number | undefined,
  boost: Partial<BoostSettings>,
  { strongScore = 0, weakScore = 0 }: Partial<BoostSettings>,
): void {
  const problems: string[] = []
  const check = (name: string, key: keyof typeof FLOW_SETTINGS, value: number): void => {
    const { kind } = FLOW_SETTINGS[key]
    if (kind.parse(String(value)) === undefined) {
      problems.push(`${name}: expected ${kind.expected}, came ${String(value)}`)
    }
  }
  if (staleMs !== undefined) check('staleMs', 'staleMs', staleMs)
  for (const [name, value] of Object.entries(boost)) {
    const key = BOOST_OPTIONS[name as keyof BoostSettings]
    if (key === undefined) problems.push(`boost.${name}: there is no such setting`)
    else check(`boost.${name}`, key, value)
  }
  if (problems.length === 0 && weakScore > strongScore) {
    problems.push(
      `boost.weakScore: expected at most strongScore (${strongScore}), came ${weakScore}`,
    )
  }
  if (problems.length > 0) throw new ConfigError(problems)
}

type Names = Readonly<Record<string, string | undefined>>

/** Only what a context needs: whatever else is wrong is no matter of this program. */
function settings(env: Names, directory: string): FlowEngineOptions {
  const problems: string[] = []
  let file: Names = {}
  try {
    file = readEnvFile(directory)
  } catch (error) {
    problems.push(messageOf(error))
  }
  const read = <T>(setting: Setting<T>): T => {
    try {
      const came = givenValue(setting, undefined, env, file)
      const value = came === undefined ? undefined : setting.kind.parse(came.text)
      if (came !== undefined && value === undefined) problems.push(problemOf(setting, came))
      if (value !== undefined) return value
    } catch (error) {
      problems.push(messageOf(error))
    }
    return (setting.fallback === undefined ? undefined : setting.kind.parse(setting.fallback)) as T
  }
  const found = {
    databaseUrl: read(SETTINGS.databaseUrl),
    dataDir: read(SETTINGS.dataDir),
    staleMs: read(FLOW_SETTINGS.staleMs),
    boost: boostOf({
      boostStrongScore: read(FLOW_SETTINGS.boostStrongScore),
      boostWeakScore: read(FLOW_SETTINGS.boostWeakScore),
      boostStrongPercent: read(FLOW_SETTINGS.boostStrongPercent),
      boostWeakPercent: read(FLOW_SETTINGS.boostWeakPercent),
      boostScalpPercent: read(FLOW_SETTINGS.boostScalpPercent),
      boostDayPercent: read(FLOW_SETTINGS.boostDayPercent),
      boostSwingPercent: read(FLOW_SETTINGS.boostSwingPercent),
    }),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return found
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
