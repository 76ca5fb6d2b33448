const REDACTED = '[redacted]'

/** A text of a sink without any secret of the rules file, as it is or encoded. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((s) => [s, JSON.stringify(s).slice(1, -1), encodeURIComponent(s)])
  return forms
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, form) => clean.replaceAll(form, REDACTED), text)
}
