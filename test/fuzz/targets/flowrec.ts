import { readFlowrec } from '../../../src/recording/flowrec.ts'
import type { RecordedFrame } from '../../../src/recording/frame.ts'
import { CONNECTIONS_MAX } from '../../../src/slab/event-slab.ts'
import { chunkBytes, chunksOf } from '../chunks.ts'
import { check, checkEqual, type Target } from '../target.ts'

/** Recordings of `flow record`, their compression taken off. */
export const flowrec: Target = {
  name: 'flowrec',
  words: [
    ...['\x95', '\x83', '\xc2', '\xc3', '\xc4\x01', '\xc5\x01\x00', '\xc6\x00\x01\x00\x00', '\xcb'],
    ...['\xdc\xff\xff', '\xdd\x7f\xff\xff\xff', '\xdf\xff\xff\xff\xff', '\xc6\xff\xff\xff\xff'],
    ...['\xd4\x72\x40', '\xd6\xff', '\xc7\x05\x74', '\x91'.repeat(64), '\xa6format', '\xa7version'],
  ].map((word) => Buffer.from(word, 'latin1')),
  share: 2.5,
  inTest: 400,
  setUp: () => async (input) => {
    const whole = await read(input, 0)
    const parts = await read(input, chunkBytes(input))
    checkEqual(parts, whole, 'read in parts')
    return `${whole.error.slice(0, 12)} ${Math.min(whole.frames.length, 5)} ${whole.problems.map((p) => p.slice(-20))}`
  },
}

/** What every reader of frames promises of each. */
export function checkFrame(frame: RecordedFrame): void {
  const { recv, clock, connection, bytes, isBinary } = frame
  for (const time of [recv, clock]) {
    check(Number.isNaN(time) || Number.isFinite(time), `a time is a number or none, came ${time}`)
  }
  const isConnection =
    Number.isInteger(connection) && connection >= 0 && connection < CONNECTIONS_MAX
  check(isConnection, `a connection is 0 to 63, came ${connection}`)
  check(bytes instanceof Uint8Array && typeof isBinary === 'boolean', 'a frame has its bytes')
}

async function read(input: Buffer, bytes: number) {
  const frames: unknown[] = []
  const problems: string[] = []
  let error = ''
  const onProblem = (problem: string) => problems.push(problem)
  try {
    for await (const batch of readFlowrec(chunksOf(input, bytes), { onProblem })) {
      for (const frame of batch) {
        checkFrame(frame)
        const { recv, clock, connection, isBinary } = frame
        frames.push([
          recv,
          clock,
          connection,
          isBinary,
          Buffer.from(frame.bytes).toString('latin1'),
        ])
      }
    }
  } catch (thrown) {
    error = (thrown as Error).message
    if (!/^no recording of|^recording of version/.test(error)) throw thrown
  }
  return { frames, problems, error }
}
