import type { Command } from 'commander'
import { type ConfigKey, type ConfigSources, SETTINGS } from './config.ts'
import type { Setting } from './config-values.ts'

const KEYS = Object.keys(SETTINGS) as ConfigKey[]

/**
 * Adds the configuration's flags to a command, all or those of `keys`. The result gives what was
 * typed, for loadConfig, once the command line has been read.
 */
export function configFlags(
  command: Command,
  keys: readonly ConfigKey[] = KEYS,
): () => ConfigSources['flags'] {
  const names = new Map<ConfigKey, string>()
  const before = command.options.length
  command.optionsGroup('Configuration (flag, else environment, else .env):')
  for (const key of keys) {
    const setting: Setting<unknown> = SETTINGS[key]
    const help = `${setting.meaning} (${setting.env}, default: ${fallbackOf(setting)})`
    command.option(`${setting.flag} ${setting.kind.placeholder}`, help)
    names.set(key, command.options[before + names.size]!.attributeName())
  }
  if (keys.some((key) => 'isSecret' in SETTINGS[key])) {
    command.addHelpText(
      'after',
      '\nKeys, passwords and tokens are safer in the environment, in .env or in a file that\n' +
        'NAME_FILE names: other users of the machine can read a command line.',
    )
  }
  return () => {
    const typed: Record<string, unknown> = command.opts()
    const flags: Partial<Record<ConfigKey, string>> = {}
    for (const [key, name] of names) {
      const text = typed[name]
      if (typeof text === 'string') flags[key] = text
    }
    return flags
  }
}

/** The README's configuration table, one row a name. */
export function configTable(): string {
  const rows = Object.values(SETTINGS).map((setting: Setting<unknown>) => {
    const fallback = setting.fallbackText ?? `\`${setting.fallback}\`` // a value stands in code, a meaning in words
    return `| \`${setting.env}\` | \`${setting.flag}\` | ${fallback} | ${setting.meaning} |`
  })
  return ['| name | flag | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function fallbackOf(setting: Setting<unknown>): string {
  return setting.fallbackText ?? setting.fallback ?? 'none'
}
