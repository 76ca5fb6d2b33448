import type { Config } from './config.ts'
import type { Given, Setting } from './config-values.ts'
import { redactUrl } from './console/redact.ts'
import { editsBetween } from './domain/edit-distance.ts'
import { CONNECTIONS_MAX } from './slab/event-slab.ts'

const SHOWN_MAX = 60
/** Of a path or a host. */
export const PATH_SHOWN_MAX = 255
const SUGGESTION_EDITS_MAX = 3

/** What was expected, what came and from where, what to do; one line, no secret in it. */
export function problemOf(setting: Setting<unknown>, came: Given): string {
  const advice =
    setting.fallback === undefined
      ? 'set it right or leave it out'
      : `set it right or leave it out for ${setting.fallbackText ?? setting.fallback}`
  const shown = setting.isSecret ? hidden(came.text) : quoted(came.text)
  return `${setting.env}: expected ${setting.kind.expected}, came ${shown} ${came.source}; ${advice}`
}

function quoted(text: string): string {
  const plain = redactUrl(text)
  const shown = plain.length > SHOWN_MAX ? `${plain.slice(0, SHOWN_MAX)}...` : plain
  const json = JSON.stringify(shown)
  return printable(json, json.length) // JSON lets some control characters through
}

/** The first `max` characters of a text in one line, whatever is in it. */
export function printable(text: string, max = SHOWN_MAX): string {
  const shown = text.length > max ? `${text.slice(0, max)}...` : text
  return shown.replace(/[\p{C}\u2028\u2029]/gu, '?')
}

/** Of a secret that is wrong only the scheme shows: where the rest of it ends is anyone's guess. */
function hidden(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]{0,15}:\/\//i.exec(text)?.[0] ?? ''
  return `"${scheme}..." (hidden)`
}

/** Values that are right each alone and not together. */
export function contradictions(config: Config): string[] {
  return [...subscribeProblems(config), ...flatFilesProblems(config), ...boostProblems(config)]
}

/** A signature needs both keys. */
function flatFilesProblems({ flatFilesAccessKey, flatFilesSecretKey }: Config): string[] {
  if ((flatFilesAccessKey === undefined) === (flatFilesSecretKey === undefined)) return []
  const names = ['FLOW_FLATFILES_ACCESS_KEY', 'FLOW_FLATFILES_SECRET_KEY'] as const
  const [given, missing] = flatFilesAccessKey === undefined ? [...names].reverse() : names
  return [`${missing}: expected with ${given}, came none; set both, or unset ${given}`]
}

/** A weak score above the strong one would never be asked. */
function boostProblems({ boostWeakScore: weak, boostStrongScore: strong }: Config): string[] {
  if (weak <= strong) return []
  return [
    `FLOW_BOOST_WEAK_SCORE: expected at most FLOW_BOOST_STRONG_SCORE (${strong}), came ${weak}; ` +
      'lower it, or raise the other',
  ]
}

function subscribeProblems(config: Config): string[] {
  if (config.subscribe !== 'contracts') return []
  const { symbols, symbolsPerConnection } = config
  if (symbols === '*') {
    return [
      'FLOW_SUBSCRIBE: contracts are listed for each underlying, and FLOW_SYMBOLS is "*"; ' +
        'name the underlyings, or set FLOW_SUBSCRIBE to wildcard',
    ]
  }
  const connections = Math.ceil(symbols.length / symbolsPerConnection)
  if (connections <= CONNECTIONS_MAX) return []
  return [
    `FLOW_SYMBOLS_PER_CONNECTION: expected at most ${CONNECTIONS_MAX} connections, came ` +
      `${connections} for ${symbols.length} underlyings; raise it, or name fewer in FLOW_SYMBOLS`,
  ]
}

/** A line for each name that begins like one of ours and is none of them. */
export function misspelt(names: readonly string[], known: readonly string[]): string[] {
  const strange = new Set(names.filter((n) => n.startsWith('FLOW_') && !known.includes(n)))
  return [...strange].sort().map((name) => {
    const nearest = known
      .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
      .reduce((best, next) => (next.edits < best.edits ? next : best))
    const hint = nearest.edits <= SUGGESTION_EDITS_MAX ? `; did you mean ${nearest.candidate}?` : ''
    return `${printable(name)} is not a name of the configuration and does nothing${hint}`
  })
}
