import { serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeldPrints } from '../../src/domain/held-prints.ts'
import { StateReader, StateWriter } from '../../src/domain/state.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { ShardMap } from '../../src/reader/shard-map.ts'
import { UnusedProfiles } from '../../src/reader/unused-profiles.ts'
import { Classifier } from '../../src/shard/classifier.ts'
import { PendingPrints } from '../../src/shard/pending.ts'
import { knowledgeIn } from '../../src/shard/shard-state.ts'
import { CONTRACT_WORDS } from '../../src/slab/definitions.ts'
import { ROW_SLAB_BYTES } from '../../src/slab/row-slab.ts'
import { settings, step, tapeOf } from '../model/random-tape.ts'
import type { TapeFrame } from '../model/types.ts'
import { type Output, type Saved, StateRun, type StateRunOptions } from './state-run.ts'

/** Calls and puts of the same strikes, so that parity has pairs to go by. */
const NAMES = [
  'O:QQQ260828C00500000',
  'O:QQQ260828P00500000',
  'O:SPXW260828C06475000',
  'O:SPX260918P06000000',
  'O:SPX260918C06000000',
  'O:IWM260828P00210000',
]

const tapes = (steps: number) =>
  fc
    .tuple(
      fc.array(fc.tuple(step, fc.nat(NAMES.length - 1)), { maxLength: steps, size: 'max' }),
      fc.constantFrom('dense' as const, 'lookup' as const, 'even' as const, 'sparse' as const),
      fc.constantFrom(1, 2, NAMES.length),
      fc.constantFrom(1, 4, 8),
    )
    .map(([steps, pace, contracts, quotes]) =>
      tapeOf(
        steps.map(([one, contract]) => ({ ...one, contract })),
        pace,
        contracts,
        quotes,
        NAMES,
      ),
    )

const options = (rules: 'opra' | 'seed') =>
  fc.record({
    set: settings(rules),
    shards: fc.constantFrom(1, 2, 3),
    watchesAll: fc.boolean(),
    // small ones are full at once, and then the oldest go
    heldMax: fc.constantFrom(8, 1 << 16),
    printLogRows: fc.constantFrom(16, 1 << 12),
    quoteRowsMax: fc.constantFrom(16, 1 << 16),
  })

type Drawn = ReturnType<typeof options> extends fc.Arbitrary<infer T> ? T : never

function optionsOf({ set, watchesAll, ...rest }: Drawn): StateRunOptions {
  const { symbols, lookupPremium = 0, ...others } = set
  return { ...others, ...rest, lookupPremium, symbols: watchesAll ? '*' : symbols }
}

/** The same bytes at a place of their own, odd ones of a larger buffer, as they come from a file. */
function moved(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 3)
  larger.set(bytes, 3)
  return larger.subarray(3)
}

const read = ({ dictionary, profiles, shards, clocks }: Saved): Saved => ({
  clocks,
  dictionary: moved(dictionary),
  profiles: moved(profiles),
  shards: shards.map(moved),
})

/** Runs the tape in one go, and again with a restart ahead of each frame in `cuts`. */
function compare(frames: readonly TapeFrame[], made: StateRunOptions, cuts: ReadonlySet<number>) {
  const whole = new StateRun(made)
  const outputs: Output[] = []
  const met = { restarts: 0, held: 0, pending: 0, rows: 0 }
  let run = new StateRun(made)
  frames.forEach((frame, i) => {
    if (cuts.has(i)) {
      const saved = run.save()
      outputs.push(...run.output)
      for (const { held, pending } of run.classifiers) {
        met.held += held
        met.pending += pending
      }
      met.restarts++
      run = new StateRun(made, read(saved))
      expect(bytesOf(run.save())).toEqual(bytesOf(saved))
    }
    run.feed(frame, i % 7 === 0)
    whole.feed(frame, i % 7 === 0)
  })
  run.end()
  whole.end()
  outputs.push(...run.output)
  // vitest compares column by column and is slow: it is asked where a difference is
  if (!serialize(outputs).equals(serialize(whole.output))) expect(outputs).toEqual(whole.output)
  expect(outputs.length).toBe(whole.output.length)
  met.rows = whole.output.reduce((sum, { rows }) => sum + rows.length, 0)
  return met
}

/** To compare: vitest looks at large arrays element by element. */
const bytesOf = ({ dictionary, shards }: Saved): string[] =>
  [dictionary, ...shards].map((bytes) => Buffer.from(bytes).toString('base64'))

describe.each(['opra', 'seed'] as const)('under %s', (rules) => {
  it('goes on after a restart as if there had been none', () => {
    const all = { restarts: 0, held: 0, pending: 0, rows: 0 }
    fc.assert(
      fc.property(
        tapes(150),
        options(rules),
        fc.array(fc.nat(150), { minLength: 2, maxLength: 5, size: 'max' }),
        (frames, drawn, cuts) => {
          const at = new Set(cuts.map((cut) => cut % Math.max(1, frames.length)))
          const met = compare(frames, optionsOf(drawn), at)
          for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += met[name]
        },
      ),
      { numRuns: 120, seed: 20261123 },
    )
    expect(Math.min(all.restarts, all.pending, all.rows)).toBeGreaterThan(50)
    expect(all.held - all.pending > 20).toBe(rules === 'opra')
  }, 120_000)

  it('goes on with warm profiles, full averages and a full log', () => {
    const [steps] = fc.sample(fc.array(step, { minLength: 2500, maxLength: 2500, size: 'max' }), {
      seed: 11,
      numRuns: 1,
    })
    const frames = tapeOf(steps!, 'even', 5, 4)
    const made: StateRunOptions = {
      ...{ rules, minSize: 1, windowMs: 500, quoteMaxAgeMs: 5000, lookupPremium: 500 },
      ...{ heldMax: 1 << 10, printLogRows: 1 << 8, quoteRowsMax: 64, symbols: '*', shards: 2 },
    }
    const every = Math.floor(frames.length / 6)
    const cuts = new Set([1, 2, 3, 4, 5].map((n) => n * every))
    expect(compare(frames, made, cuts).restarts).toBe(5)
  }, 60_000)
})

const OPTIONS: StateRunOptions = {
  ...{ rules: 'opra', minSize: 1, windowMs: 500, quoteMaxAgeMs: 5000, lookupPremium: 0 },
  ...{ heldMax: 64, printLogRows: 64, quoteRowsMax: 64, symbols: '*', shards: 1 },
}
const CLASSIFIER = (({ symbols: _, shards: __, ...rest }) => rest)(OPTIONS)
const TIME = Date.UTC(2026, 7, 24, 14)
const printAt = (ms: number, sym = NAMES[0]!, more: object = {}): TapeFrame => ({
  recv: TIME + ms,
  frame: JSON.stringify([{ ev: 'T', sym, p: 1, s: 5, t: TIME + ms, q: ms + 1, x: 302, ...more }]),
})

describe('what does not fit', () => {
  const run = new StateRun(OPTIONS)
  run.feed(printAt(0))
  const saved = run.save().shards[0]!

  it.each(Object.keys(CLASSIFIER))('is refused: a state of another %s', (name) => {
    const value = name === 'rules' ? 'seed' : 128
    const other = new Classifier({ ...CLASSIFIER, [name]: value })
    expect(() => other.load(saved)).toThrow(/expected the settings .*, came /)
  })

  it('is refused at every length but its own', () => {
    for (let length = 0; length < saved.length; length += 8) {
      expect(() => new Classifier(CLASSIFIER).load(saved.subarray(0, length))).toThrow(
        /saved state, .*: expected .*, came /,
      )
    }
    const longer = new Uint8Array(saved.length + 8)
    longer.set(saved)
    expect(() => new Classifier(CLASSIFIER).load(longer)).toThrow('expected its end, came 8 more')
  })

  it('is refused in a shard that knows something already', () => {
    const { classifiers } = new StateRun(OPTIONS, { ...run.save() })
    expect(() => classifiers[0]!.load(saved)).toThrow('fresh shard')
  })

  it('is refused with a dictionary of an earlier moment', () => {
    const empty = new StateRun(OPTIONS).save()
    expect(() => new StateRun(OPTIONS, { ...empty, shards: [saved] })).toThrow(
      'the dictionary has 0 contracts and 1 condition sets, the state of shard 0 has 1 and 1',
    )
  })

  it('is not saved while rows wait to be taken', () => {
    const quoted = new StateRun(OPTIONS)
    const quote = { ev: 'Q', sym: NAMES[0], bp: 0.9, ap: 1, bs: 1, as: 1, t: TIME - 1, q: 1 }
    quoted.feed({ recv: TIME, frame: JSON.stringify([quote]) })
    quoted.feed(printAt(0))
    const [classifier] = quoted.classifiers
    expect(classifier!.held).toBe(1)
    classifier!.sink.offer(new ArrayBuffer(ROW_SLAB_BYTES))
    classifier!.closeEverything()
    expect(() => classifier!.save()).toThrow('must be taken before a save')
    classifier!.sink.take()
    classifier!.takeCounts()
    classifier!.takePremium()
    expect(classifier!.save().length).toBeGreaterThan(0)
  })
})

it('looks for overdue prints when it would have looked', () => {
  const held = new HeldPrints(8)
  const pending = new PendingPrints(held)
  expect(pending.isLookDue([600, Number.NaN, 400])).toBe(true)
  const out = new StateWriter()
  pending.save(out)
  const restored = new PendingPrints(held)
  restored.load(new StateReader(out.bytes()))
  expect(restored.isLookDue([600, Number.NaN, 424])).toBe(false)
  expect(restored.isLookDue([])).toBe(false) // a call that only makes room
  expect(restored.isLookDue([600, Number.NaN, 425])).toBe(true)
  expect(restored.isLookDue([600, Number.NaN, Number.NaN])).toBe(true)
})

describe('what a restored shard is told', () => {
  const learnt = new Map([
    ['QQQ', new Uint8Array(9)],
    ['AAPL', new Uint8Array(7)],
  ])
  const run = new StateRun({ ...OPTIONS, learnt })
  run.feed(printAt(0, NAMES[0], { c: [209] }))
  run.feed(printAt(1, NAMES[2], { c: [209] }))
  const saved = run.save()

  it('is what it does not know yet', () => {
    expect(knowledgeIn(saved.shards[0]!)).toEqual({ contracts: 2, nextConditionSet: 2 })
    const dictionary = new Dictionary({ watched: '*', contractsMax: 100 })
    dictionary.load(saved.dictionary)
    const map = new ShardMap(dictionary, 1, UnusedProfiles.load(saved.profiles))
    map.skipKnown(0, knowledgeIn(saved.shards[0]!))
    expect(map.takeDefinitions(0)).toBeNull()
    for (const name of [NAMES[1]!, NAMES[5]!]) {
      dictionary.lookup(Buffer.from(name), 0, name.length)
    }
    dictionary.conditionSet([219, 232])
    map.learn()
    const told = map.takeDefinitions(0)!
    expect([...told.contracts].filter((_, i) => i % CONTRACT_WORDS === 0)).toEqual([2, 3])
    expect([told.firstConditionSet, told.conditionSets]).toEqual([2, [[219, 232]]])
    expect(told.profiles).toEqual([]) // QQQ's own has learnt more since
    expect([...map.local.subarray(0, 4)]).toEqual([0, 1, 2, 3])
  })

  it('is what the sessions before have learnt, unless prints have asked for it', () => {
    const left = UnusedProfiles.load(saved.profiles)
    expect(left.take('QQQ')).toBeUndefined()
    expect(left.take('AAPL')).toEqual(new Uint8Array(7))
    expect(left.take('AAPL')).toBeUndefined()
  })

  it('is all of it for a shard that is not restored', () => {
    const dictionary = new Dictionary({ watched: '*', contractsMax: 100 })
    dictionary.load(saved.dictionary)
    const map = new ShardMap(dictionary, 1, new UnusedProfiles(learnt))
    map.learn()
    const told = map.takeDefinitions(0)!
    expect(told.contracts.length).toBe(2 * CONTRACT_WORDS)
    expect([told.firstConditionSet, told.conditionSets]).toEqual([1, [[209]]])
    expect(told.profiles.length).toBe(1)
  })
})
