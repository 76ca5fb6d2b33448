import type * as fc from 'fast-check'

/**
 * Runs one input. Gives a word for what it did, such as the outcome and which counters moved: an
 * input with a new word is kept and mutated further. Throws when an invariant does not hold, or
 * with whatever the code under test threw and has not documented.
 */
export type RunInput = (input: Buffer) => string | Promise<string>

export type Target = {
  readonly name: string
  /** What the code under test looks for in its bytes: put into inputs by the mutator. */
  readonly words: readonly (string | Buffer)[]
  /** Well-formed and nearly well-formed inputs. */
  readonly structured?: fc.Arbitrary<Uint8Array>
  /**
   * Makes what the inputs run against; made again after each failure. Whatever `onClose` was given
   * is called at the end.
   */
  readonly setUp: (onClose: (close: () => unknown) => void) => RunInput | Promise<RunInput>
  /** Makes a damaged input reach further, such as by putting its checksum right. */
  readonly mend?: (input: Buffer, pick: (below: number) => number) => Buffer
  /** Its part of the inputs of a run of all targets. */
  readonly share: number
  /** Inputs that a test runs beside the corpus: half a second of them. */
  readonly inTest: number
}

/** What an invariant throws. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`invariant: ${what}`)
}

/** The same by value, NaN and order of keys included, without a look at prototypes. */
export function checkEqual(came: unknown, expected: unknown, what: string): void {
  const [a, b] = [shown(came), shown(expected)]
  if (a !== b) throw new Error(`invariant: ${what}: came ${cut(a)}, expected ${cut(b)}`)
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item !== 'number') return item
    return Number.isFinite(item) && !Object.is(item, -0)
      ? item
      : `number ${Object.is(item, -0) ? '-0' : item}`
  })
}

function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}
