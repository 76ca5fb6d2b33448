import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Finding, fail, ok, warn } from './finding.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
/** With less than this nothing can be stored for long. */
const BYTES_MIN = 256 * MIB
/** What an embedded database wants beside the journal. */
const DATABASE_BYTES = 2 * GIB

export type DiskAsked = {
  readonly dataDir: string
  /** FLOW_JOURNAL_MAX_MIB. */
  readonly journalMaxMib: number
  readonly isEmbedded: boolean
}

/** The data directory: may be written to, and has room for the journal and the database. */
export async function checkDisk(asked: DiskAsked): Promise<readonly Finding[]> {
  const dataDir = resolve(asked.dataDir)
  const there = await nearest(dataDir)
  if (!(await stat(there)).isDirectory()) {
    return [fail('disk', `${there} is no directory`, 'name another FLOW_DATA_DIR')]
  }
  const may = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!may) {
    const todo = 'give this user the right to write there, or name another FLOW_DATA_DIR'
    return [fail('disk', `${there} cannot be written to`, todo)]
  }
  const { bavail, bsize, blocks } = await statfs(there)
  if (blocks === 0) {
    return [fail('disk', `${there} is no place for files`, 'name another FLOW_DATA_DIR')]
  }
  const free = bavail * bsize
  const wanted = asked.journalMaxMib * MIB + (asked.isEmbedded ? DATABASE_BYTES : 0)
  const found = `${gib(free)} GiB free for ${dataDir}`
  if (free < BYTES_MIN) return [fail('disk', found, 'free some space: nothing can be stored')]
  if (free < wanted) {
    const what = asked.isEmbedded ? 'the journal and a first week of flow' : 'the journal'
    const todo = `${what} may take ${gib(wanted)} GiB: free space, or lower FLOW_JOURNAL_MAX_MIB`
    return [warn('disk', found, todo)]
  }
  return [ok('disk', found)]
}

/** The path, or what of it there is. */
async function nearest(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  return isThere || dirname(path) === path ? path : nearest(dirname(path))
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}
