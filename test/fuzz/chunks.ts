/** `input` in parts of `bytes`, which are the reader's to keep; 0: in one. */
export async function* chunksOf(input: Buffer, bytes: number): AsyncGenerator<Buffer> {
  if (bytes === 0) yield input
  else for (let at = 0; at < input.length; at += bytes) yield input.subarray(at, at + bytes)
}

/** The size of parts to try with an input: a few bytes, or some, at least a hundredth of it. */
export function chunkBytes(input: Buffer): number {
  return Math.max(1 + (input.length % 61), Math.ceil(input.length / 100))
}
