import { SchemaError } from './migrate.ts'

/** Why the database did not take something: the label values of flow_store_errors_total. */
export const STORE_REASONS = [
  'connection',
  'shutdown',
  'timeout',
  'read_only',
  'disk_full',
  'resources',
  'conflict',
  'auth',
  'tls',
  'invalid_url',
  'database_missing',
  'permission',
  'schema',
  'data',
  'other',
] as const
export type StoreReason = (typeof STORE_REASONS)[number]

/** Waiting does not help: someone has to change the configuration or the database. */
const LASTING: ReadonlySet<StoreReason> = new Set([
  'auth',
  'tls',
  'invalid_url',
  'database_missing',
  'permission',
  'schema',
])

/** By SQLSTATE, the whole or its class of two. */
const BY_SQLSTATE: Readonly<Record<string, StoreReason>> = {
  '08': 'connection',
  '22': 'data',
  '23': 'data',
  '25006': 'read_only',
  '28': 'auth',
  '3D': 'database_missing',
  '40': 'conflict',
  '42': 'schema',
  '42501': 'permission',
  '53': 'resources',
  '53100': 'disk_full',
  '55P03': 'timeout',
  '57014': 'timeout',
  '57P01': 'shutdown',
  '57P02': 'shutdown',
  '57P03': 'shutdown',
  '57P05': 'timeout',
}

export function reasonOf(error: unknown): StoreReason {
  if (error instanceof SchemaError) return 'schema'
  const { code = '', message = '' } = error as { code?: string; message?: string }
  if (/^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)) {
    return BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 2)] ?? 'other'
  }
  if (code === 'ERR_INVALID_URL') return 'invalid_url'
  if (/CERT|TLS|SSL|LEAF_SIGNATURE/i.test(code) || /SSL/.test(message)) return 'tls'
  if (/password must be a string|no password/i.test(message)) return 'auth'
  // no SQLSTATE: the system or the client library, about the connection
  return 'connection'
}

/** Whether a start must give up on this at once. Later, even these are waited for. */
export function isLasting(reason: StoreReason): boolean {
  return LASTING.has(reason)
}

/** One line about a failure, without the password of `databaseUrl`. */
export function describeError(error: unknown, databaseUrl: string): string {
  const { code, message, where } = error as { code?: string; message?: string; where?: string }
  const text = message || code || `${error}` // an AggregateError of connects has no message
  const named = code !== undefined && !text.includes(code) ? `${text} (${code})` : text
  const line = where === undefined ? named : `${named}, in ${where}`
  return withoutPassword(line.replaceAll(/\s+/g, ' '), databaseUrl)
}

function withoutPassword(line: string, databaseUrl: string): string {
  const encoded = /^[a-z]+:\/\/[^/?#]*?:([^/?#]*)@/i.exec(databaseUrl)?.[1]
  const inQuery = /[?&]password=([^&#]*)/i.exec(databaseUrl)?.[1]
  let clean = line.replaceAll(databaseUrl, '<DATABASE_URL>')
  for (const secret of [encoded, inQuery]) {
    if (secret === undefined || secret === '') continue
    clean = clean.replaceAll(secret, '***').replaceAll(decoded(secret), '***')
  }
  return clean
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
