const CAUSES_MAX = 5

/**
 * An error in words: its message and those of its causes, in one line. A bug (a TypeError and its
 * like) keeps its stack, because nobody but its author can use it.
 */
export function explain(error: unknown): string {
  if (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError
  ) {
    return error.stack ?? error.message
  }
  const messages: string[] = []
  let cause = error
  for (let depth = 0; cause !== undefined && depth < CAUSES_MAX; depth++) {
    const message = messageOf(cause)
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return messages.join(': ').replace(/\s*\n\s*/g, ' ')
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join(', ') // a connection refused on every address
  }
  if (!(error instanceof Error)) return String(error)
  return error.message === '' ? error.name : error.message
}
