import { expect, test } from 'vitest'
import { connectAdvice } from '../../src/postgres/connect-advice.ts'

test.each([
  ['28P01', 'password authentication failed', 'password'],
  ['28000', 'no pg_hba.conf entry for host "::1", no encryption', 'sslmode=require'],
  ['3D000', 'database "x" does not exist', 'make that database'],
  ['53300', 'sorry, too many clients already', 'max_connections'],
  ['57P03', 'the database system is starting up', 'in a moment'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate', 'sslrootcert'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames", 'sslmode'],
  [undefined, 'The server does not support SSL connections', 'take TLS'],
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', 'that the server runs'],
  [undefined, 'timeout expired', 'that the server runs'],
])('%s %s: %s', (code, message, advice) => {
  expect(connectAdvice(Object.assign(new Error(message), { code }))).toContain(advice)
})
