import type { ReadOptions, RecordedFrame } from './frame.ts'

/** A frame may be 16 MiB, and JSON escapes may double it. */
export const LINE_BYTES_MAX = 40 * 1024 * 1024
const NEWLINE = 0x0a

/**
 * Frames of a `*.frames.jsonl`: one `{"recv": <epoch ms>, "frame": "<text>"}` a line. The reading
 * clock is the running maximum of recv. A line that is none is a problem, and the next one is read.
 */
export async function* readJsonLines(
  chunks: AsyncIterable<Buffer>,
  options: ReadOptions,
): AsyncGenerator<readonly RecordedFrame[]> {
  let clock = Number.NEGATIVE_INFINITY
  for await (const lines of linesOf(chunks)) {
    const batch: RecordedFrame[] = []
    for (const { number, bytes } of lines) {
      const line = parseLine(bytes)
      if (line === 'blank') continue
      if (typeof line === 'string') {
        options.onProblem?.(`line ${number} is left out: ${line}`)
        continue
      }
      clock = Math.max(clock, line.recv)
      const frame = Buffer.from(line.frame)
      batch.push({ recv: line.recv, clock, connection: 0, bytes: frame, isBinary: false })
    }
    if (batch.length > 0) yield batch
  }
}

type Line = { readonly number: number; readonly bytes: Buffer | null }

/** Lines of one chunk at a time, numbered from 1; null bytes: a line past LINE_BYTES_MAX. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let head: Buffer[] = []
  let headBytes = 0
  let isTooLong = false
  let number = 1
  const finish = (tail: Buffer): Line => {
    const bytes = isTooLong ? null : Buffer.concat([...head, tail])
    head = []
    headBytes = 0
    isTooLong = false
    return { number: number++, bytes }
  }
  for await (const chunk of chunks) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(finish(chunk.subarray(start, end)))
      start = end + 1
    }
    const rest = chunk.subarray(start)
    headBytes += rest.length
    if (headBytes > LINE_BYTES_MAX) {
      isTooLong = true
      head = []
    } else if (rest.length > 0) head.push(rest)
    yield lines
  }
  if (headBytes > 0) yield [finish(Buffer.alloc(0))]
}

function parseLine(bytes: Buffer | null): { recv: number; frame: string } | string {
  if (bytes === null) return `longer than ${LINE_BYTES_MAX} bytes`
  const text = bytes.toString('utf8').trim()
  if (text === '') return 'blank'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'no JSON, expected {"recv": <epoch ms>, "frame": "<text>"}'
  }
  const { recv, frame } = (value ?? {}) as { recv?: unknown; frame?: unknown }
  if (typeof recv !== 'number' || !Number.isFinite(recv)) return '"recv" is no number (epoch ms)'
  if (typeof frame !== 'string') return '"frame" is no text'
  return { recv, frame }
}
