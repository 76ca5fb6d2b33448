import { open, stat } from 'node:fs/promises'
import { compressionOf, plainBytes } from './bytes.ts'
import type { Fields } from './flat-columns.ts'
import { flatFileFrames, flatFileRows, loadFlatFile } from './flat-file.ts'
import { readFlowrec } from './flowrec.ts'
import type { ReadOptions, RecordedFrame } from './frame.ts'
import { readJsonLines } from './jsonl.ts'

const MAGIC_BYTES = 4
const HEAD_BYTES = 64 * 1024
/** More than a row of a flat file may have; without an end of line a file could fill the memory. */
const LINE_BYTES_MAX = 2 * 1024 * 1024
const UNKNOWN_FORM =
  'unknown form: expected a recording of `flow record` (.flowrec.zst), frames (.frames.jsonl or ' +
  '.frames.jsonl.gz) or the flat file trades_v1 (.csv or .csv.gz)'

/**
 * Throws, as readRecording would, for a file that is no recording, but looks at its start only: a
 * flat file of a day takes a minute to load.
 */
export async function checkRecording(path: string): Promise<void> {
  const magic = await firstBytes(path)
  if (magic.length < MAGIC_BYTES) return // nothing in it, which its reader says
  const source = plainBytes(path, compressionOf(magic), {})
  try {
    const head = await firstPart(source)
    const form = formOf(head, path)
    if (form === 'unknown') throw new Error(UNKNOWN_FORM)
    const start = again(head.subarray(0, head.indexOf(0x0a) + 1), [])
    if (form === 'flat file') await loadFlatFile(start, {})
    if (form === 'recording') await readFlowrec(again(head, source), {}).next()
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  } finally {
    await source.return(undefined)
  }
}

/**
 * Frames of a file in the order in which they count, in batches: a recording of `flow record`,
 * `*.frames.jsonl[.gz]`, or the vendor's flat file trades_v1 as CSV or CSV.gz. The form is told by
 * the content, and by the name where the content does not say. What is damaged is left out and
 * reported; a file that is none of these throws with what was expected.
 */
export async function* readRecording(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<readonly RecordedFrame[]> {
  const magic = await firstBytes(path)
  if (magic.length < MAGIC_BYTES) {
    const why = magic.length === 0 ? 'is empty' : 'is cut off before its first frame'
    options.onProblem?.(`the file ${why}`)
    return
  }
  let shareDone = 1 // of the work that reading the bytes is; a flat file is then served as well
  let total = 0
  let isCut = false
  const source = plainBytes(path, compressionOf(magic), {
    ...options,
    onProgress: (done, all) => {
      total = all
      options.onProgress?.(done * shareDone, all)
    },
    onProblem: (problem) => {
      isCut = true
      options.onProblem?.(problem)
    },
  })
  try {
    const head = await firstPart(source)
    const chunks = again(head, source)
    switch (formOf(head, path)) {
      case 'nothing':
        return
      case 'recording':
        return yield* readFlowrec(chunks, options)
      case 'lines':
        return yield* readJsonLines(chunks, options)
      case 'flat file': {
        shareDone = 0.5
        const rows = await loadFlatFile(
          wholeLines(chunks, () => isCut),
          options,
        )
        for (const batch of flatFileFrames(rows)) {
          yield batch.frames
          options.onProgress?.(total * (0.5 + (0.5 * batch.rowsDone) / rows.count), total)
        }
        return
      }
      case 'unknown':
        throw new Error(UNKNOWN_FORM)
    }
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  } finally {
    await source.return(undefined)
  }
}

/**
 * Rows of a flat file trades_v1 (CSV or CSV.gz) as texts, in the order of the file. A file that is
 * cut off or damaged gives what is whole and one problem; one that is no flat file throws.
 */
export async function* readFlatRows(
  path: string,
  options: ReadOptions,
): AsyncGenerator<readonly Fields[]> {
  let isCut = false
  const source = plainBytes(path, compressionOf(await firstBytes(path)), {
    ...options,
    onProblem: (problem) => {
      isCut = true
      options.onProblem?.(problem)
    },
  })
  try {
    const head = await firstPart(source)
    const form = formOf(head, path)
    if (form !== 'flat file' && form !== 'nothing') {
      throw new Error('no flat file: expected trades_v1 as .csv or .csv.gz, came something else')
    }
    yield* flatFileRows(
      wholeLines(again(head, source), () => isCut),
      options,
    )
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  } finally {
    await source.return(undefined)
  }
}

type Form = 'recording' | 'lines' | 'flat file' | 'nothing' | 'unknown'

function formOf(head: Buffer, path: string): Form {
  if (head.length === 0) return 'nothing' // cut before its first whole block: reported already
  // a msgpack map (fixmap or map 16): no JSON and no CSV header begins with such a byte
  if ((head[0]! & 0xf0) === 0x80 || head[0] === 0xde) return 'recording'
  const firstLine = (head.toString('utf8').split('\n', 1)[0] ?? '').replace(/^\uFEFF/, '').trim()
  if (firstLine.startsWith('{')) return 'lines'
  const columns = firstLine.toLowerCase().split(',')
  if (columns.includes('ticker') || columns.includes('sip_timestamp')) return 'flat file'
  if (/\.jsonl(\.gz)?$/.test(path)) return 'lines'
  if (/\.csv(\.gz)?$/.test(path)) return 'flat file'
  return 'unknown'
}

async function firstBytes(path: string): Promise<Buffer> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new Error(`${path}: ${why}`, { cause: error })
  })
  if (info.isDirectory()) throw new Error(`${path} is a directory: name one file in it`)
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path}: cannot be read (${error.code ?? error.message})`, { cause: error })
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The start of a byte source: its first line, HEAD_BYTES of it, or all of it. */
async function firstPart(source: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < HEAD_BYTES && !head.includes(0x0a)) {
    const next = await source.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  return head
}

async function* again(
  head: Buffer,
  source: AsyncIterable<Buffer> | readonly Buffer[],
): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* source
}

/** The bytes without the last line where the source is cut: half a size is another size. */
async function* wholeLines(
  chunks: AsyncIterable<Buffer>,
  isCut: () => boolean,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(0x0a) + 1
    rest = bytes.subarray(end)
    if (end > 0) yield bytes.subarray(0, end)
    if (rest.length <= LINE_BYTES_MAX) continue
    yield rest // the parser refuses a line of this length
    rest = Buffer.alloc(0)
  }
  if (!isCut()) yield rest
}
