import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A place between two records: segment 1 and up, and the bytes of it that lie before the place.
 * Positions only grow for as long as the folder lives; a segment's number is never used again.
 */
export type Position = { readonly segment: number; readonly offset: number }

/** Whether `a` lies before `b`. */
export function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}

const NAME = /^(\d{8,})\.journal$/

/** `00000001.journal` */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.journal`
}

/** Segments of a folder in order, with their bytes; none when the folder is not there. */
export async function listSegments(dir: string): Promise<{ segment: number; bytes: number }[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const numbers = names
    .map((name) => Number(NAME.exec(name)?.[1] ?? 0))
    .filter((segment) => segment > 0)
    .sort((a, b) => a - b)
  const sizes = numbers.map(async (segment) => {
    const { size } = await stat(join(dir, segmentName(segment)))
    return { segment, bytes: size }
  })
  return Promise.all(sizes)
}

/** A position as one number, which grows with it; segments stay below 4 million. */
export function placeOf({ segment, offset }: Position): number {
  return segment * 2 ** 31 + offset
}
