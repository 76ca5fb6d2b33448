import { underlyingOf } from './domain/contract.ts'

/** How one configuration value is read: `parse` gives undefined for what is not `expected`. */
export type ValueKind<T> = {
  /** Completes "expected ...". */
  readonly expected: string
  /** Stands for the value in the help: `<n>`. */
  readonly placeholder: string
  readonly parse: (text: string) => T | undefined
}

/** A whole number in plain digits, both bounds inclusive. */
export function wholeNumber(min: number, max: number, unit = ''): ValueKind<number> {
  return {
    expected: `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`,
    placeholder: '<n>',
    parse: (text) => {
      if (!/^\d{1,15}$/.test(text)) return undefined
      const value = Number(text)
      return value >= min && value <= max ? value : undefined
    },
  }
}

/** One of a few words; upper and lower case are the same. */
export function oneOf<const T extends string>(...words: readonly T[]): ValueKind<T> {
  return {
    expected: words.map((word) => `"${word}"`).join(' or '),
    placeholder: `<${words.join('|')}>`,
    parse: (text) => words.find((word) => word === text.toLowerCase()),
  }
}

/** Some of a few words between commas or spaces, in the order of `words`, or "none" of them. */
export function someOf<const T extends string>(...words: readonly T[]): ValueKind<readonly T[]> {
  return {
    expected: `"none" or some of ${words.map((word) => `"${word}"`).join(', ')} between commas`,
    placeholder: '<list>',
    parse: (text) => {
      const named = new Set(text.toLowerCase().split(/[\s,]+/))
      named.delete('')
      if (named.size === 0) return undefined
      if (named.size === 1 && named.has('none')) return Object.freeze([])
      const found = words.filter((word) => named.has(word))
      return found.length === named.size ? Object.freeze(found) : undefined
    },
  }
}

/** Underlyings in the order given, each once, or all of them. */
export type Symbols = '*' | readonly string[]

const SYMBOLS_MAX = 10_000

/** Roots and underlyings between commas or spaces, each as its underlying: SPXW is SPX. */
export const symbols: ValueKind<Symbols> = {
  expected: 'underlyings of 1 to 6 letters and digits between commas, such as "SPX,SPY", or "*"',
  placeholder: '<list>',
  parse: (text) => {
    const names = text
      .toUpperCase()
      .split(/[\s,]+/)
      .filter((name) => name !== '')
    if (names.includes('*')) return '*'
    if (names.length === 0 || names.length > SYMBOLS_MAX) return undefined
    if (!names.every((name) => /^[A-Z][A-Z0-9]{0,5}$/.test(name))) return undefined
    return Object.freeze([...new Set(names.map(underlyingOf))])
  },
}

/** An address with one of the schemes, without the slashes at its end. */
export function url(...schemes: readonly string[]): ValueKind<string> {
  return {
    expected: `an address that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    placeholder: '<url>',
    parse: (text) => {
      const parsed = URL.canParse(text) ? new URL(text) : undefined
      if (parsed === undefined || parsed.hostname === '') return undefined
      if (text.includes('#')) return undefined // a socket's address has no fragment
      return schemes.includes(parsed.protocol.slice(0, -1)) ? text.replace(/\/+$/, '') : undefined
    },
  }
}

/**
 * A PostgreSQL address; the host may be missing or in the query (a Unix socket). Its sslmode gets
 * the meaning that PostgreSQL's own programs give it: the client library would read `verify-ca` and
 * `require` as `verify-full` until its next version.
 */
export const databaseUrl: ValueKind<string> = {
  expected: 'postgres://USER:PASSWORD@HOST:5432/NAME with %XX for special characters',
  placeholder: '<url>',
  parse: (text) => {
    if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text)) return undefined
    const { username, password, pathname } = new URL(text)
    try {
      for (const part of [username, password, pathname]) decodeURIComponent(part)
    } catch {
      return undefined
    }
    const { searchParams } = new URL(text)
    if (!searchParams.has('sslmode') || searchParams.has('uselibpqcompat')) return text
    return text.replace(/\?[^#]*/, '$&&uselibpqcompat=true')
  },
}

/** What a vendor takes for a key: it travels in a JSON message and in a header. */
export const apiKey: ValueKind<string> = {
  expected: 'up to 512 printable characters without spaces',
  placeholder: '<key>',
  parse: (text) => (/^[\x21-\x7e]{1,512}$/.test(text) ? text : undefined),
}

/** A name of S3: it is a part of a path. */
export const bucket: ValueKind<string> = {
  expected: 'the name of a bucket: 3 to 63 letters, digits, dots and hyphens',
  placeholder: '<name>',
  parse: (text) => (/^[A-Za-z0-9][A-Za-z0-9.-]{1,61}[A-Za-z0-9]$/.test(text) ? text : undefined),
}

/** What stands in a header and cannot be guessed: about 100 bits where it is random. */
export const token: ValueKind<string> = {
  expected:
    '16 to 512 printable characters without spaces, such as those of "openssl rand -hex 24"',
  placeholder: '<token>',
  parse: (text) => (/^[\x21-\x7e]{16,512}$/.test(text) ? text : undefined),
}

/** A name or address to listen on; IPv6 with or without brackets. */
export const host: ValueKind<string> = {
  expected: 'a host name or an IP address, such as "127.0.0.1" or "::"',
  placeholder: '<host>',
  parse: (text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1')
    return /^[A-Za-z0-9.:_%-]{1,253}$/.test(bare) ? bare : undefined
  },
}

/** A folder, relative to the working directory or absolute. */
export const folder: ValueKind<string> = {
  expected: 'the path of a folder',
  placeholder: '<dir>',
  parse: (text) => (text.includes('\0') ? undefined : text),
}

/** A file, relative to the working directory or absolute; none: there is none. */
export const optionalFile: ValueKind<string | null> = {
  expected: 'the path of a file, or "none"',
  placeholder: '<file>',
  parse: (text) => {
    if (text.includes('\0')) return undefined
    return text.toLowerCase() === 'none' ? null : text
  },
}

export type Setting<T> = {
  readonly env: string
  readonly flag: string
  readonly kind: ValueKind<T>
  /** Read like a value that came from outside; undefined: there is none. */
  readonly fallback: string | undefined
  /** How the help and the README put the default; without it: `fallback`. */
  readonly fallbackText?: string
  readonly meaning: string
  /** Its value never leaves this process: no error, log or metric shows it. */
  readonly isSecret?: true
}

/** Its flag follows from its name: FLOW_MIN_SIZE is --min-size. */
export function setting<T>(
  env: string,
  kind: ValueKind<T>,
  fallback: string,
  meaning: string,
  fallbackText?: string,
): Setting<T> {
  const flag = `--${env
    .replace(/^FLOW_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`
  const base = { env, flag, kind, fallback, meaning }
  return fallbackText === undefined ? base : { ...base, fallbackText }
}

/** A secret whose absence means something of its own. */
export function secret<T>(
  env: string,
  kind: ValueKind<T>,
  meaning: string,
  fallbackText: string,
): Setting<T | undefined> {
  return {
    ...setting<T>(env, kind, '', meaning, fallbackText),
    fallback: undefined,
    isSecret: true,
  }
}

/** A value as it came, and from where: `from .env`. */
export type Given = { readonly text: string; readonly source: string }
