import type { EnginePart } from './engine.ts'

/** A thread of the engine died, or threw: a bug, or a frame that no test has thought of. */
export class PartDied extends Error {
  override readonly name = 'PartDied'
  readonly part: EnginePart
  /** Place in the journal of the oldest frame that it had not done; NaN or Infinity: not known. */
  readonly place: number

  constructor(part: EnginePart, cause: unknown, place: number) {
    super(cause instanceof Error ? reasonOf(cause) : String(cause), { cause })
    this.part = part
    this.place = place
  }
}

function reasonOf(error: Error): string {
  const { message, cause } = error
  if (!(cause instanceof Error) || cause.message === message) return message
  return `${message}: ${cause.message}`
}
