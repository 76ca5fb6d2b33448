import { constants } from 'node:fs'
import { access, readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
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
  const journal = asked.journalMaxMib * MIB - (await sizeOf(join(dataDir, 'journal')))
  const database = asked.isEmbedded ? DATABASE_BYTES - (await sizeOf(join(dataDir, 'postgres'))) : 0
  // what is there already has its room
  const wanted = Math.max(0, journal) + Math.max(0, database)
  const found = `${gib(free)} GiB free for ${dataDir}`
  if (free < BYTES_MIN) return [fail('disk', found, 'free some space: nothing can be stored')]
  if (free < wanted) {
    const what = asked.isEmbedded ? 'the journal and a first week of flow' : 'the journal'
    const todo = `${what} may take ${gib(wanted)} GiB more: free space, or lower FLOW_JOURNAL_MAX_MIB`
    return [warn('disk', found, todo)]
  }
  return [ok('disk', found)]
}

/** Bytes of the files below a folder; 0 for one that is not there. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    // a file may go meanwhile
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    )
  }
  return bytes
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
