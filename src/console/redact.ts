/** A shorter text would blot out ordinary words and numbers of every line. */
const SECRET_LENGTH_MIN = 6

export const REDACTED = '[redacted]'

/** An address without the user, password, query and fragment that may hold secrets. */
export function redactUrl(text: string): string {
  return text.replace(/\/\/.*@/s, '//***@').replace(/[?#].*$/s, '?***')
}

/** User, host and database of a PostgreSQL address: what a person needs to know it by. */
export function describeDatabase(url: string): string {
  const { username, host, pathname } = new URL(url)
  return `postgres://${username === '' ? '' : `${username}@`}${host}${pathname}`
}

/** What must not leave in a line: the key, and the password of every address. */
export function secretsOf(
  key: string | undefined,
  urls: readonly (string | undefined)[],
): string[] {
  const secrets = key === undefined ? [] : [key]
  for (const url of urls) {
    if (url === undefined || !URL.canParse(url)) continue
    const { password, searchParams } = new URL(url)
    secrets.push(password, decoded(password))
    for (const [name, value] of searchParams)
      if (/key|pass|token|secret/i.test(name)) secrets.push(value)
  }
  return secrets.filter((secret) => secret !== '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The last net: a function that takes the secrets out of a finished line, also where JSON or an
 * address has escaped them. The first defence is not to log them.
 */
export function redactor(secrets: readonly string[]): (line: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .flatMap((s) => [s, JSON.stringify(s).slice(1, -1), encodeURIComponent(s)])
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length)
  return (line) => unique.reduce((clean, form) => clean.replaceAll(form, REDACTED), line)
}
