import { constants, writev } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from './folder.ts'
import type { Batch } from './pending.ts'
import { segmentName } from './position.ts'

/** Buffers of one system call: what every system takes (IOV_MAX). */
const BUFFERS_MAX = 1024

/** The segment that is being written. */
export class SegmentFile {
  readonly #dir: string
  #file: FileHandle
  #segment: number

  private constructor(dir: string, file: FileHandle, segment: number) {
    this.#dir = dir
    this.#file = file
    this.#segment = segment
  }

  static async open(dir: string, segment: number): Promise<SegmentFile> {
    return new SegmentFile(dir, await openSegment(dir, segment), segment)
  }

  /**
   * Writes what is left of a batch; `done` of it counts how far it came, when it fails too. A new
   * segment begins once the one before it is safe on the disk, so that only the last one of a
   * folder can have a torn tail.
   */
  async write(batch: Batch): Promise<void> {
    if (batch.segment !== this.#segment) {
      const next = await openSegment(this.#dir, batch.segment)
      try {
        await this.#file.datasync()
      } catch (error) {
        await next.close()
        throw error
      }
      const before = this.#file
      this.#file = next
      this.#segment = batch.segment
      await before.close()
    }
    while (batch.done < batch.bytes) {
      const buffers = batch.rest().slice(0, BUFFERS_MAX)
      batch.done += await writeSome(this.#file.fd, buffers, batch.offset + batch.done)
    }
  }

  /** What was written before the call lasts through a power cut. */
  async sync(): Promise<void> {
    await this.#file.datasync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Opens a segment, which it makes unless it is there: a retry finds what it made before. */
async function openSegment(dir: string, segment: number): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT
  const file = await open(join(dir, segmentName(segment)), flags, 0o600)
  try {
    await syncFolder(dir)
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}

/** Bytes taken; a disk that is nearly full takes less than all. The plain call is the cheap one. */
function writeSome(fd: number, buffers: Buffer[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, buffers, position, (error, written) => {
      if (error !== null) reject(error)
      else if (written === 0) reject(new Error('the disk took none of the bytes'))
      else resolve(written)
    })
  })
}
