import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { checkRecording, readRecording } from '../../../src/recording/read.ts'
import { check, type Target } from '../target.ts'
import { checkFrame } from './flowrec.ts'

const PLAIN_BYTES_MAX = 4 * 1024 * 1024
/** Memory that a reader may hold at once, bytes. */
const HELD_BYTES_MAX = 256 * 1024 * 1024
const MESSAGE_MAX = 1200
const SAID = [
  'unknown form: expected a recording',
  'no flat file trades_v1:',
  'more than ',
  'no recording of `flow record`',
  'recording of version',
]

/** Files of every form through `flow replay`'s reader, compressed ones that are damaged too. */
export const file: Target = {
  name: 'file',
  words: [
    '\n',
    '{"recv":1,"frame":"[]"}\n',
    'ticker,price,sip_timestamp,size\n',
    '\x1f\x8b\x08',
    '(',
  ],
  share: 0.1,
  inTest: 30,
  mend: recompressed,
  async setUp(onClose) {
    const dir = await mkdtemp(join(tmpdir(), 'fuzz-file-'))
    onClose(() => rm(dir, { recursive: true }))
    const names = ['a.bin', 'a.frames.jsonl.gz', 'a.csv', 'a.flowrec.zst']
    return async (input) => {
      const path = join(dir, names[input.length % names.length]!)
      await writeFile(path, input)
      const { frames, problems, error } = await read(path)
      const start = await startOf(path)
      check(start === '' || error !== '', `only the look at the start is unhappy: ${start}`)
      return `${error.slice(0, 12)} ${Math.min(frames, 4)} ${problems}`
    }
  },
}

async function read(path: string): Promise<{ frames: number; problems: string; error: string }> {
  let frames = 0
  const told: string[] = []
  let error = ''
  const onProblem = (problem: string) => told.push(problem)
  const before = process.memoryUsage().arrayBuffers
  try {
    for await (const batch of readRecording(path, { onProblem })) {
      for (const frame of batch) checkFrame(frame)
      frames += batch.length
      check(process.memoryUsage().arrayBuffers - before < HELD_BYTES_MAX, 'memory is bounded')
    }
  } catch (thrown) {
    error = said(path, thrown)
  }
  const problems = [...new Set(told.map((p) => p.replace(/\d+/g, '').slice(0, 28)))].slice(0, 3)
  return { frames, problems: problems.join(), error }
}

async function startOf(path: string): Promise<string> {
  try {
    await checkRecording(path)
    return ''
  } catch (thrown) {
    return said(path, thrown)
  }
}

/** The message of an error that a user may meet; any other is thrown again. */
function said(path: string, thrown: unknown): string {
  const { message, cause } = thrown as Error
  const text = message.replace(`${path}: `, '')
  const isCsv = String((cause as { code?: unknown } | undefined)?.code).startsWith('CSV_')
  const isSaid = message.startsWith(path) && (isCsv || SAID.some((start) => text.startsWith(start)))
  if (!isSaid) throw thrown
  check(text.length <= MESSAGE_MAX, `an error of ${text.length} characters`)
  return text
}

/** Compressed anew: as a whole, or with an end or a byte that is wrong. */
function recompressed(input: Buffer, pick: (below: number) => number): Buffer {
  const plain = decompressed(input)
  const packed = pick(2) === 0 ? gzipSync(plain, { level: 1 }) : zstdCompressSync(plain)
  const damage = pick(3)
  if (damage === 1) return packed.subarray(0, pick(packed.length))
  if (damage === 2) packed[pick(packed.length)]! ^= 1 << pick(8)
  return packed
}

function decompressed(input: Buffer): Buffer {
  try {
    if (input[0] === 0x1f) return gunzipSync(input, { maxOutputLength: PLAIN_BYTES_MAX })
    if (input[0] === 0x28) return zstdDecompressSync(input, { maxOutputLength: PLAIN_BYTES_MAX })
    return input
  } catch {
    return input
  }
}
