import * as fc from 'fast-check'
import { Random } from '../../src/simulator/random.ts'
import { type Case, readCorpus } from './corpus.ts'
import { mutate } from './mutate.ts'
import type { RunInput, Target } from './target.ts'

/** Inputs that are kept for their new behaviour; the oldest of them makes room. */
const KEPT_MAX = 2000
const KEPT_BYTES_MAX = 16 * 1024
const WORDS_MAX = 50_000
/** Structured inputs that are made at once. */
const SAMPLE = 256
/** To make one takes longer than to run it, so no more than these are made. */
const STRUCTURED_MAX = 32 * SAMPLE
/** Failures of one kind are told once; after so many kinds the target is given up. */
const KINDS_MAX = 20

export type Failure = { readonly input: Buffer; readonly problem: string; readonly of: string }

export type Watcher = {
  /** Called ahead of each input. */
  readonly onInput: (input: Buffer, index: number) => void
  readonly onFailure: (failure: Failure) => void
}

export type Outcome = {
  /** Inputs that ran, cases of the corpus among them. */
  readonly inputs: number
  /** Different words for what an input did. */
  readonly behaviours: number
  readonly failures: number
}

/**
 * Runs every case of the target's corpus, then `inputs` more: mutations of these and of inputs that
 * did something new, and structured ones. The same seed gives the same inputs.
 */
export async function fuzz(
  target: Target,
  options: { readonly inputs: number; readonly seed: number },
  watcher: Watcher,
): Promise<Outcome> {
  const closers: (() => unknown)[] = []
  const setUp = () => target.setUp((close) => closers.push(close))
  const random = new Random(options.seed)
  const pool = new Pool(readCorpus(target.name))
  const structured = sampler(target, options.seed)
  const kinds = new Set<string>()
  let run: RunInput = await setUp()
  let done = 0
  const one = async (input: Buffer, of: string): Promise<void> => {
    watcher.onInput(input, done++)
    try {
      const answer = run(input)
      pool.learn(input, typeof answer === 'string' ? answer : await answer)
    } catch (error) {
      const kind = kindOf(error)
      if (!kinds.has(kind)) watcher.onFailure({ input, problem: describe(error), of })
      kinds.add(kind)
      run = await setUp()
    }
  }
  try {
    for (const { name, bytes } of pool.cases) await one(bytes, name)
    for (let i = 0; i < options.inputs && kinds.size < KINDS_MAX; i++) {
      const made = structured !== null && random.chance(0.25) ? structured(random) : null
      let input = made?.input ?? pool.pick(random)
      if (made?.isFresh !== true || random.chance(0.5)) {
        input = mutate(input, target.words, random, () => pool.pick(random))
      }
      if (target.mend !== undefined && random.chance(0.5)) {
        input = target.mend(input, (below) => random.int(0, below - 1))
      }
      await one(input, `input ${i}`)
    }
  } finally {
    for (const close of closers) await close()
  }
  return { inputs: done, behaviours: pool.behaviours, failures: kinds.size }
}

/** The corpus, and what was found to do something new. */
class Pool {
  readonly cases: readonly Case[]
  readonly #kept: Buffer[] = []
  readonly #words = new Set<string>()
  #next = 0

  constructor(cases: readonly Case[]) {
    this.cases = cases
  }

  get behaviours(): number {
    return this.#words.size
  }

  pick(random: Random): Buffer {
    if (this.#kept.length > 0 && random.chance(0.6)) return random.pick(this.#kept)
    return this.cases.length === 0 ? Buffer.alloc(0) : random.pick(this.cases).bytes
  }

  learn(input: Buffer, word: string): void {
    if (this.#words.has(word) || this.#words.size >= WORDS_MAX) return
    this.#words.add(word)
    if (input.length > KEPT_BYTES_MAX) return
    this.#kept[this.#next] = Buffer.from(input)
    this.#next = (this.#next + 1) % KEPT_MAX
  }
}

/** Structured inputs: fresh ones at first, later those again, for the mutator to change. */
function sampler(
  { structured }: Target,
  seed: number,
): ((random: Random) => { input: Buffer; isFresh: boolean }) | null {
  if (structured === undefined) return null
  const bank: Buffer[] = []
  let used = 0
  return (random) => {
    if (used === STRUCTURED_MAX) return { input: random.pick(bank), isFresh: false }
    if (used === bank.length) {
      const batch = fc.sample(structured, { numRuns: SAMPLE, seed: seed + bank.length })
      for (const bytes of batch) bank.push(Buffer.from(bytes))
    }
    return { input: bank[used++]!, isFresh: true }
  }
}

/** The message without what differs from input to input. */
function kindOf(error: unknown): string {
  const { name, message } = error as Error
  return `${name} ${message
    .split('\n', 1)[0]!
    .replace(/:.*came .*|[\d"'].*/, '')
    .slice(0, 80)}`
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`
}
