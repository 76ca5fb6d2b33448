import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { StoredMark } from '../slab/stored-mark.ts'
import { makePrivate, syncFolder } from './folder.ts'
import type { Position } from './position.ts'

/** What a state was made with: another one cannot go on with it. */
export type SnapshotHeader = {
  readonly version: string
  readonly shards: number
  readonly rules: string
  readonly minSize: number
  readonly windowMs: number
  readonly quoteMaxAgeMs: number
  readonly lookupPremium: number
  readonly symbols: '*' | readonly string[]
}

/** What a state was made of, where and with what. */
export type SnapshotPlace = {
  readonly position: Position
  readonly header: SnapshotHeader
  /** All that was received before `position` is stored up to here, but for what was held. */
  readonly stored: StoredMark
  /** Prints that were held and are in the state alone. */
  readonly held: number
}

/** The whole state of the engine as of one place in the journal. */
export type Snapshot = SnapshotPlace & {
  readonly dictionary: Uint8Array
  /** Size profiles that nothing has asked for yet. */
  readonly profiles: Uint8Array
  /** State of each classifier. */
  readonly shards: readonly Uint8Array[]
  /** Reading clock of each connection, ms. */
  readonly clocks: Float64Array
}

/**
 * magic | head bytes u32 | head crc u32 | head (JSON) | dictionary | profiles | shards | clocks |
 * crc u32 of the parts behind the head. Little-endian; the head tells how long each part is.
 */
const MAGIC = Buffer.from('OFSNAP2\n')
const FIXED_BYTES = MAGIC.length + 8
const CRC_BYTES = 4
/** One system call moves at most this much, and so much is summed up at once: some 3 ms. */
const PIECE_BYTES = 8 * 1024 * 1024
const NAME = /^snapshot-(\d{8,})\.state$/
const UNFINISHED = /^snapshot-\d{8,}\.state\.tmp$/
/** When the newest turns out to be damaged, the one before it still is there. */
const KEPT = 2

type Head = SnapshotPlace & {
  readonly dictionary: number
  readonly profiles: number
  readonly shards: readonly number[]
  readonly clocks: number
}

/**
 * Writes a snapshot into `dir`, which is made unless it is there, and removes all but the two
 * newest. A crash or a full disk on the way leaves those that were there. Throws when it fails.
 */
export async function writeSnapshot(dir: string, snapshot: Snapshot): Promise<void> {
  await makePrivate(dir)
  const numbers = await listSnapshots(dir)
  const path = pathOf(dir, (numbers[0] ?? 0) + 1)
  const unfinished = `${path}.tmp`
  try {
    const file = await open(unfinished, 'w', 0o600)
    try {
      await writeParts(file, snapshot)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await syncFolder(dir)
  for (const old of numbers.slice(KEPT - 1)) await rm(pathOf(dir, old), { force: true })
  for (const name of await readdir(dir)) {
    if (UNFINISHED.test(name)) await rm(join(dir, name), { force: true })
  }
}

/**
 * The newest snapshot of `dir` that is whole and that `fits` says null to (else: why it does not
 * fit); null when there is none. Why one was left out is told to `onProblem`. Throws when a file
 * cannot be read.
 */
export async function readSnapshot(
  dir: string,
  fits: (place: SnapshotPlace) => string | null,
  onProblem: (problem: string) => void,
): Promise<Snapshot | null> {
  for (const number of await listSnapshots(dir)) {
    const file = await open(pathOf(dir, number), 'r')
    try {
      const snapshot = await read(file, fits)
      if (typeof snapshot !== 'string') return snapshot
      onProblem(`snapshot ${number} is left out: ${snapshot}`)
    } finally {
      await file.close()
    }
  }
  return null
}

/** The snapshot, or why it cannot be used. */
async function read(
  file: FileHandle,
  fits: (place: SnapshotPlace) => string | null,
): Promise<Snapshot | string> {
  const { size } = await file.stat()
  if (size < FIXED_BYTES) return 'it is cut off'
  const fixed = await readAll(file, 0, FIXED_BYTES)
  const headBytes = fixed.readUInt32LE(MAGIC.length)
  if (!fixed.subarray(0, MAGIC.length).equals(MAGIC)) return 'it is no snapshot of this engine'
  if (FIXED_BYTES + headBytes > size) return 'it is cut off'
  const text = await readAll(file, FIXED_BYTES, headBytes)
  if (crc32(text) !== fixed.readUInt32LE(MAGIC.length + 4)) return 'its head is damaged'
  const head = headOf(text)
  if (head === null) return 'its head is none'
  const why = fits(head)
  if (why !== null) return why
  const lengths = [head.dictionary, head.profiles, ...head.shards, head.clocks]
  const total = lengths.reduce((sum, length) => sum + length, FIXED_BYTES + headBytes + CRC_BYTES)
  if (total !== size) return `it has ${size} bytes instead of ${total}`
  const parts: Buffer[] = []
  let at = FIXED_BYTES + headBytes
  let crc = 0
  for (const length of lengths) {
    const part = await readAll(file, at, length)
    parts.push(part)
    crc = crc32(part, crc)
    at += length
  }
  if (crc !== (await readAll(file, at, CRC_BYTES)).readUInt32LE(0)) return 'it is damaged'
  const [dictionary, profiles, ...rest] = parts
  const clocks = rest.pop()!
  return {
    position: head.position,
    header: head.header,
    stored: head.stored,
    held: head.held,
    dictionary: dictionary!,
    profiles: profiles!,
    shards: rest,
    clocks: new Float64Array(clocks.buffer, clocks.byteOffset, clocks.length / 8),
  }
}

/** Null: the text is no head, whoever wrote its checksum. */
function headOf(text: Buffer): Head | null {
  let head: Partial<Head> | null
  try {
    head = JSON.parse(text.toString()) as Partial<Head> | null
  } catch {
    return null
  }
  const { position, header, stored, held, dictionary, profiles, shards, clocks } = head ?? {}
  if (!isWhole(position?.segment) || !isWhole(position?.offset)) return null
  if (position?.segment === 0) return null
  if (typeof header !== 'object' || header === null || !Array.isArray(shards)) return null
  if (header.shards !== shards.length) return null
  if (typeof stored !== 'object' || stored === null) return null
  return [held, dictionary, profiles, clocks, ...shards].every(isWhole) ? (head as Head) : null
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Piece by piece, because the thread has other things to do. */
async function writeParts(file: FileHandle, snapshot: Snapshot): Promise<void> {
  const { position, header, stored, held, dictionary, profiles, shards, clocks } = snapshot
  const clockBytes = new Uint8Array(clocks.buffer, clocks.byteOffset, clocks.byteLength)
  const head: Head = {
    position,
    header,
    stored,
    held,
    dictionary: dictionary.length,
    profiles: profiles.length,
    shards: shards.map((shard) => shard.length),
    clocks: clockBytes.length,
  }
  const text = Buffer.from(JSON.stringify(head))
  const fixed = Buffer.alloc(FIXED_BYTES)
  MAGIC.copy(fixed)
  fixed.writeUInt32LE(text.length, MAGIC.length)
  fixed.writeUInt32LE(crc32(text), MAGIC.length + 4)
  await writeAll(file, fixed)
  await writeAll(file, text)
  let crc = 0
  for (const part of [dictionary, profiles, ...shards, clockBytes]) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      const piece = part.subarray(at, at + PIECE_BYTES)
      crc = crc32(piece, crc)
      await writeAll(file, piece)
    }
  }
  const end = Buffer.alloc(CRC_BYTES)
  end.writeUInt32LE(crc)
  await writeAll(file, end)
}

/** Numbers of the snapshots of a folder, the newest first; none when it is not there. */
async function listSnapshots(dir: string): Promise<number[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const numbers = names.map((name) => Number(NAME.exec(name)?.[1] ?? 0))
  return numbers.filter((number) => number > 0).sort((a, b) => b - a)
}

function pathOf(dir: string, number: number): string {
  return join(dir, `snapshot-${String(number).padStart(8, '0')}.state`)
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, PIECE_BYTES)
    done += (await file.write(bytes, done, length)).bytesWritten
  }
}

/** All the bytes, in memory of their own; a file that got shorter meanwhile leaves zeros. */
async function readAll(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length; ) {
    const piece = Math.min(length - done, PIECE_BYTES)
    const { bytesRead } = await file.read(bytes, done, piece, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes
}
