import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
const BYTES_MIN = 2 * 1024 ** 3

/**
 * One folder for all that the faults leave behind; it goes when they end, and PostgreSQL must reach
 * it. In memory where there is room: what a kill of a process costs does not depend on the disk,
 * and how long a sync takes there would only slow the kills down.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), 'flow-faults-'))
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize >= BYTES_MIN
}
