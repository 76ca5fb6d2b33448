import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { SETTINGS } from '../../src/config.ts'
import { fileVariable } from '../../src/config-sources.ts'
import type { Setting } from '../../src/config-values.ts'

export const ROOT = join(import.meta.dirname, '../..')

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

export const yaml = <T>(path: string): T => parse(read(path), { merge: true }) as T

/** Every name that the engine knows, NAME_FILE of the secrets among them. */
export const NAMES: ReadonlySet<string> = new Set(
  Object.values(SETTINGS).flatMap((setting: Setting<unknown>) =>
    setting.isSecret ? [setting.env, fileVariable(setting)] : [setting.env],
  ),
)

/** Names of secrets, which must not stand in a recipe as they are. */
export const SECRET_NAMES: readonly string[] = Object.values(SETTINGS)
  .filter((setting: Setting<unknown>) => setting.isSecret)
  .map(({ env }) => env)

/** What stops an engine must wait longer than its drain may take; seconds. */
export const DRAIN_SECONDS = Number(SETTINGS.drainTimeoutMs.fallback) / 1000
export const HTTP_PORT = Number(SETTINGS.httpPort.fallback)

/** An image with a version of at least two numbers: `postgres:18.6-trixie`, no `latest`, no bare name. */
export const PINNED =
  /^[a-z0-9./-]+:v?\d+\.\d+(?:\.\d+)?(?:-[a-z0-9.-]+)?(?:@sha256:[0-9a-f]{64})?$/

/** `45s` as seconds. */
export function seconds(text: string): number {
  const [, number, unit] = /^(\d+)(s|m)$/.exec(text) ?? []
  if (number === undefined) throw new Error(`expected a time such as 45s, came ${text}`)
  return Number(number) * (unit === 'm' ? 60 : 1)
}
