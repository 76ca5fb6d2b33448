import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrintLog, PrintState, Seen } from '../../src/domain/print-log.ts'

type Print = {
  readonly contract: number
  readonly day: number
  readonly sequence: number
  readonly time: number
  readonly price: number
  readonly size: number
  readonly exchange: number
  readonly conditions: number
}
type Entry = Print & { readonly index: number; readonly arrival: number; state: PrintState }

/** Every print in the order of arrival; the last `rows` of them are remembered. */
class NaiveLog {
  readonly #rows: number
  readonly all: Entry[] = []

  constructor(rows: number) {
    this.#rows = rows
  }

  remembered(): Entry[] {
    return this.all.slice(-this.#rows)
  }

  seen(p: Print): Seen {
    if (Number.isNaN(p.sequence) || p.sequence <= 0) return Seen.New
    const same = this.remembered().filter(
      (e) => e.contract === p.contract && e.day === p.day && e.sequence === p.sequence,
    )
    const keys = ['time', 'price', 'size', 'exchange', 'conditions'] as const
    if (same.some((e) => keys.every((key) => e[key] === p[key]))) return Seen.Duplicate
    return same.length > 0 ? Seen.SequenceReused : Seen.New
  }

  findForCancel(p: Print): number {
    const removable: readonly PrintState[] = [
      PrintState.Stored,
      PrintState.Held,
      PrintState.BelowMinSize,
    ]
    const keys = ['contract', 'day', 'exchange', 'price', 'size'] as const
    const match = this.remembered().filter(
      (e) => removable.includes(e.state) && keys.every((key) => e[key] === p[key]),
    )
    return match.at(-1)?.index ?? 0
  }
}

const seen = (log: PrintLog, p: Print): Seen =>
  log.seen(p.contract, p.day, p.sequence, p.time, p.price, p.size, p.exchange, p.conditions)

const find = (log: PrintLog, p: Print): number =>
  log.findForCancel(p.contract, p.day, p.exchange, p.price, p.size)

const add = (log: PrintLog, p: Print, arrival: number, state: PrintState): number =>
  log.add(
    p.contract,
    p.day,
    p.sequence,
    p.time,
    p.price,
    p.size,
    p.exchange,
    p.conditions,
    arrival,
    state,
  )

const PRINT: Print = {
  contract: 3,
  day: 20_000,
  sequence: 17,
  time: 1_787_580_000_000,
  price: 25_000,
  size: 10,
  exchange: 302,
  conditions: 1,
}

// few values, so that prints meet each other in every way
const print = fc.record<Print>({
  contract: fc.nat(2),
  day: fc.constantFrom(20_000, 20_001),
  sequence: fc.constantFrom(1, 1, 2, 3, 2 ** 32 + 1, 2 ** 53 - 1, 0, -1, Number.NaN),
  time: fc.constantFrom(1_787_580_000_000, 1_787_580_000_001),
  price: fc.constantFrom(25_000, 25_001),
  size: fc.constantFrom(10, 2 ** 31 - 1),
  exchange: fc.constantFrom(302, 303, -(2 ** 31)),
  conditions: fc.constantFrom(0, 65_535),
})
const step = fc.record({
  print,
  op: fc.constantFrom('add', 'add', 'add', 'same', 'cancel', 'set', 'hold'),
  state: fc.constantFrom(...Object.values(PrintState)),
  back: fc.nat(200),
})

function expectRow(log: PrintLog, entry: Entry): void {
  expect(log.timeOf(entry.index)).toBe(entry.time)
  expect(log.sequenceOf(entry.index)).toBe(entry.sequence)
  expect(log.arrivalOf(entry.index)).toBe(entry.arrival)
  expect(log.stateOf(entry.index)).toBe(entry.state)
}

describe('PrintLog', () => {
  it.each([2, 4, 16, 64])('of %i rows answers as a list of the newest prints does', (rows) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const log = new PrintLog(rows)
        const naive = new NaiveLog(rows)
        for (const [i, { print: fresh, op, state, back }] of steps.entries()) {
          const older = naive.all.at(-1 - (back % Math.max(1, naive.all.length)))
          const p = op === 'same' && older !== undefined ? older : fresh
          expect(seen(log, p)).toBe(naive.seen(p))
          expect(find(log, p)).toBe(naive.findForCancel(p))
          if (op === 'cancel') {
            const index = find(log, p)
            if (index !== 0) log.setState(index, PrintState.Removed)
            for (const e of naive.all) if (e.index === index) e.state = PrintState.Removed
          } else if (op === 'set' && older !== undefined) {
            // a cancel stays one, and a print never becomes one
            if (older.state === PrintState.Cancel || state === PrintState.Cancel) continue
            log.setState(older.index, state) // of a forgotten print too: it must change nothing
            older.state = state
          } else {
            const index = add(log, p, i, state)
            naive.all.push({ ...p, index, arrival: i, state })
            if (op === 'hold' && state !== PrintState.Cancel) {
              log.hold(index, i + 5)
              naive.all.at(-1)!.state = PrintState.Held
              expect(log.heldOf(index)).toBe(i + 5)
            }
          }
        }
        for (const entry of naive.remembered()) expectRow(log, entry)
      }),
      { seed: rows, numRuns: 250 },
    )
  })

  it('calls a print new, then a duplicate, and with other content a reused sequence', () => {
    const log = new PrintLog(64)
    expect(seen(log, PRINT)).toBe(Seen.New)
    add(log, PRINT, 1, PrintState.Stored)
    expect(seen(log, PRINT)).toBe(Seen.Duplicate)
    for (const change of [
      { time: PRINT.time + 1 },
      { price: PRINT.price + 1 },
      { size: PRINT.size + 1 },
      { exchange: PRINT.exchange + 1 },
      { conditions: PRINT.conditions + 1 },
    ]) {
      expect(seen(log, { ...PRINT, ...change }), JSON.stringify(change)).toBe(Seen.SequenceReused)
    }
    for (const change of [
      { contract: PRINT.contract + 1 },
      { day: PRINT.day + 1 },
      { sequence: PRINT.sequence + 1 },
      { sequence: PRINT.sequence + 2 ** 32 },
    ]) {
      expect(seen(log, { ...PRINT, ...change }), JSON.stringify(change)).toBe(Seen.New)
    }
  })

  it('recognises a duplicate behind other content of the same sequence', () => {
    const log = new PrintLog(64)
    add(log, PRINT, 1, PrintState.Stored)
    add(log, { ...PRINT, price: 1 }, 2, PrintState.Stored)
    expect(seen(log, PRINT)).toBe(Seen.Duplicate)
    expect(seen(log, { ...PRINT, price: 1 })).toBe(Seen.Duplicate)
    expect(seen(log, { ...PRINT, price: 2 })).toBe(Seen.SequenceReused)
  })

  it('recognises a cancel that is sent again, as it does a print', () => {
    const log = new PrintLog(64)
    add(log, PRINT, 0, PrintState.Cancel)
    expect(seen(log, PRINT)).toBe(Seen.Duplicate)
    expect(find(log, PRINT)).toBe(0)
  })

  it.each([0, -1, Number.NaN])('never calls a print with sequence %f seen', (sequence) => {
    const log = new PrintLog(64)
    add(log, { ...PRINT, sequence }, 1, PrintState.Stored)
    expect(seen(log, { ...PRINT, sequence })).toBe(Seen.New)
    expect(find(log, { ...PRINT, sequence })).not.toBe(0)
  })

  it('cancels equal prints newest first, and each once', () => {
    const log = new PrintLog(64)
    const states = [PrintState.Stored, PrintState.BelowMinSize, PrintState.Held] as const
    const indexes = states.map((state, i) => add(log, PRINT, i + 1, state))
    for (const index of indexes.toReversed()) {
      expect(find(log, PRINT)).toBe(index)
      log.setState(index, PrintState.Removed)
    }
    expect(find(log, PRINT)).toBe(0)
  })

  it('cancels only a print of the same contract, day, exchange, price and size', () => {
    const log = new PrintLog(64)
    const index = add(log, PRINT, 1, PrintState.Stored)
    for (const change of [
      { contract: PRINT.contract + 1 },
      { day: PRINT.day + 1 },
      { exchange: PRINT.exchange + 1 },
      { price: PRINT.price + 1 },
      { size: PRINT.size + 1 },
    ]) {
      expect(find(log, { ...PRINT, ...change }), JSON.stringify(change)).toBe(0)
    }
    expect(find(log, { ...PRINT, sequence: 99, time: 1, conditions: 9 })).toBe(index)
  })

  it('remembers exactly as many prints as it has rows', () => {
    const log = new PrintLog(8)
    const prints = Array.from({ length: 30 }, (_, i) => ({
      ...PRINT,
      sequence: i + 1,
      price: i + 1,
    }))
    for (const [i, p] of prints.entries()) {
      add(log, p, i, PrintState.Stored)
      for (const [j, earlier] of prints.slice(0, i + 1).entries()) {
        const isRemembered = j > i - 8
        expect(seen(log, earlier)).toBe(isRemembered ? Seen.Duplicate : Seen.New)
        expect(find(log, earlier) !== 0).toBe(isRemembered)
      }
    }
  })

  it('keeps the chains of contracts when it makes room for more', () => {
    const log = new PrintLog(64)
    const ids = [0, 255, 256, 900, 4999]
    const indexes = ids.map((contract, i) => {
      log.ensure(contract + 1)
      return add(log, { ...PRINT, contract }, i, PrintState.Stored)
    })
    expect(ids.map((contract) => find(log, { ...PRINT, contract }))).toEqual(indexes)
  })

  it.each([0, 1, 3, 63, 1.5, -2, Number.NaN])('refuses %f rows', (rows) => {
    expect(() => new PrintLog(rows)).toThrow(/power of two/)
  })
})
