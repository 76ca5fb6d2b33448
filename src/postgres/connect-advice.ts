/** Codes of what is wrong with the certificate of a server. */
const CERTIFICATE = /^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/

/** What a person can do about a connection that failed, by its error. */
export function connectAdvice(error: unknown): string {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  if (code === '28000') {
    return (
      'check the user of DATABASE_URL and pg_hba.conf of the server; one that takes encrypted ' +
      'connections alone wants ?sslmode=require behind it'
    )
  }
  if (code.startsWith('28')) return 'check user and password of DATABASE_URL'
  if (code === '3D000') return 'make that database, or name another in DATABASE_URL'
  if (code === '53300') return 'raise max_connections of the server, or end what holds them'
  if (code === '57P03') return 'try again in a moment: the server starts, stops or recovers'
  if (CERTIFICATE.test(code)) return 'check sslmode and sslrootcert of DATABASE_URL'
  if (message.includes('does not support SSL')) {
    return 'let the server take TLS, or leave sslmode out of DATABASE_URL'
  }
  return 'check DATABASE_URL and that the server runs and may be reached from here'
}
