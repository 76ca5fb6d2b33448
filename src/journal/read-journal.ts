import { listSegments, type Position } from './position.ts'
import { type JournaledFrame, scanSegment } from './segment-scan.ts'

/**
 * The frames of a journal behind `from` (null: all that there are), in order, in batches of about
 * 1 MiB; a frame's bytes are a view into memory that nobody else writes. Read before anything is
 * appended. What cannot be read is told to `onProblem`, in words for a user: a torn tail of the
 * last segment, the rest of a segment behind a damage, a segment that is not there.
 * Throws when a file cannot be opened or read.
 */
export async function* readJournal(
  dir: string,
  from: Position | null,
  onProblem: (problem: string) => void,
): AsyncGenerator<readonly JournaledFrame[]> {
  const segments = await listSegments(dir)
  const last = segments.at(-1)?.segment
  let next = from?.segment ?? segments[0]?.segment ?? 0
  for (const { segment } of segments) {
    if (segment < next) continue
    if (segment > next) onProblem(missing(next, segment - 1))
    next = segment + 1
    const start = segment === from?.segment ? from.offset : 0
    const { offset, bytes, isDamaged } = yield* scanSegment(dir, segment, start)
    if (offset === bytes) continue
    const lost = bytes - offset
    onProblem(
      segment === last && !isDamaged
        ? `segment ${segment} has a torn tail: its last ${lost} bytes are no whole record`
        : `segment ${segment} is damaged at byte ${offset}: its last ${lost} bytes are left out`,
    )
  }
}

function missing(first: number, last: number): string {
  return first === last
    ? `segment ${first} is missing: its frames are left out`
    : `segments ${first} to ${last} are missing: their frames are left out`
}
