/** What stands in a text where the API key stood. */
const REDACTED = '[key]'
const TEXT_CHARS_MAX = 300

/**
 * A text that came from outside, fit for an event, an error or a log line: without the API key in
 * any spelling that a server may echo, on one line, at most 300 characters.
 */
export function redact(text: string, apiKey: string): string {
  let clean = text
  if (apiKey !== '') {
    // the longest first: one spelling may begin with another
    const inJson = JSON.stringify(apiKey).slice(1, -1)
    const escaped = inJson.replaceAll('/', '\\/') // as some servers write JSON
    const spellings = [apiKey, inJson, escaped, encodeURIComponent(apiKey)]
    for (const spelling of spellings.toSorted((a, b) => b.length - a.length)) {
      clean = clean.replaceAll(spelling, REDACTED)
    }
  }
  clean = clean
    .replace(/((?:api_?key|token|secret|password)=)[^&\s"']+/gi, `$1${REDACTED}`)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
  return clean.length > TEXT_CHARS_MAX ? `${clean.slice(0, TEXT_CHARS_MAX)}...` : clean
}

/** A URL as we show it: no user, password, query or fragment, where secrets are put by mistake. */
export function displayUrl(url: string, apiKey: string): string {
  if (!URL.canParse(url)) return 'a URL that cannot be read'
  const { protocol, host, pathname } = new URL(url)
  return redact(`${protocol}//${host}${pathname}`, apiKey)
}
