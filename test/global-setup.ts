import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One folder for all that the tests put aside; it goes when they end. PostgreSQL must reach it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'flow-tests-'))
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
