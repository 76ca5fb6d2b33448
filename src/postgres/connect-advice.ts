/** What a person can do about a connection that failed, by the code of its error. */
export function connectAdvice(code: string | undefined): string {
  if (code?.startsWith('28') === true) return 'check user and password of DATABASE_URL'
  if (code === '3D000') return 'make that database, or name another in DATABASE_URL'
  if (code === '53300') return 'raise max_connections of the server, or end what holds them'
  return 'check DATABASE_URL and that the server runs and may be reached from here'
}
