import type { RecordedFrame } from '../../../src/recording/frame.ts'
import { readJsonLines } from '../../../src/recording/jsonl.ts'
import { chunkBytes, chunksOf } from '../chunks.ts'
import { check, checkEqual, type Target } from '../target.ts'

/** `*.frames.jsonl` without compression. */
export const jsonl: Target = {
  name: 'jsonl',
  words: [
    '{"recv":',
    '"frame":',
    '"frame":"[]"}',
    '\n',
    '\r\n',
    '\ufeff',
    '[{\\"ev\\":\\"T\\"}]',
    '{}',
  ],
  share: 5,
  inTest: 500,
  setUp: () => async (input) => {
    const problems: string[] = []
    const frames: RecordedFrame[] = []
    const onProblem = (problem: string) => problems.push(problem)
    const bytes = input.length % 3 === 0 ? 0 : chunkBytes(input)
    for await (const batch of readJsonLines(chunksOf(input, bytes), { onProblem })) {
      check(batch.length > 0, 'no batch is empty')
      frames.push(...batch)
    }
    const lines = input.toString('latin1').split('\n').map(lineOf)
    const texts = frames.map(({ recv, clock, bytes: frame }) => [recv, clock, String(frame)])
    checkEqual(texts, modelOf(lines), 'frames')
    const wrong = lines.flatMap((line, i) => (line === 'wrong' ? [i + 1] : []))
    checkEqual(
      problems.map((problem) => Number(/^line (\d+) /.exec(problem)?.[1])),
      wrong,
      'told',
    )
    return `${Math.min(frames.length, 4)} ${[...new Set(problems.map((p) => p.slice(-12)))].sort()}`
  },
}

type Line = { recv: number; frame: string } | 'blank' | 'wrong'

function lineOf(latin1: string): Line {
  const text = Buffer.from(latin1, 'latin1').toString().trim()
  if (text === '') return 'blank'
  try {
    const value = JSON.parse(text) as { recv: unknown; frame: unknown } | null
    const { recv, frame } = value!
    const isGood = Number.isFinite(recv) && typeof frame === 'string'
    return isGood ? { recv: recv as number, frame: frame as string } : 'wrong'
  } catch {
    return 'wrong'
  }
}

function modelOf(lines: readonly Line[]): unknown[] {
  const good = lines.filter((line) => typeof line === 'object')
  return good.map(({ recv, frame }, i) => {
    const clock = Math.max(...good.slice(0, i + 1).map((line) => line.recv))
    return [recv, clock, Buffer.from(frame).toString()]
  })
}
