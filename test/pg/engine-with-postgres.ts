/** Stands for an engine: runs PostgreSQL on the directory that it is given and prints its URL. */
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

process.on('SIGINT', () => {})
const dataDir = process.argv[2] ?? ''
const server = await startEmbeddedPostgres({ dataDir, onLog: () => {} })
process.stdout.write(`${server.url}\n`)
setInterval(() => {}, 1_000)
