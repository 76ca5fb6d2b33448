/** What an error says; a failed connect to several addresses says it only inside. */
export function describeError(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError && error.errors[0] instanceof Error) {
    return describeError(error.errors[0])
  }
  return errorCode(error) || error.name
}

/** The code that the system or a library gave an error (`ECONNREFUSED`), or ''. */
export function errorCode(error: Error | undefined): string {
  return error !== undefined && 'code' in error ? String(error.code) : ''
}
