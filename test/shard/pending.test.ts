import { describe, expect, it } from 'vitest'
import { HeldPrints } from '../../src/domain/held-prints.ts'
import { LOOKUP_HOLD_MS, PendingPrints } from '../../src/shard/pending.ts'
import { frame, play, trade } from './tape-steps.ts'

/** Prints of contract 7, one a ms from 0 on, slots in the order of their arrival. */
function waiting(count: number) {
  const held = new HeldPrints(4_096)
  const pending = new PendingPrints(held)
  const slots = Array.from({ length: count }, (_, ms) => {
    const slot = held.take()
    held.clock[slot] = ms
    pending.add(7, slot)
    return slot
  })
  return { pending, slots }
}

describe('prints that wait', () => {
  it('are overdue in the order in which they came, each once', () => {
    const { pending, slots } = waiting(10)
    expect(pending.takeOverdue(7, LOOKUP_HOLD_MS)).toEqual([])
    expect(pending.takeOverdue(7, LOOKUP_HOLD_MS + 3)).toEqual(slots.slice(0, 3))
    expect(pending.takeOverdue(7, LOOKUP_HOLD_MS + 3)).toEqual([])
    expect(pending.count).toBe(7)
    expect(pending.takeOverdue(7, LOOKUP_HOLD_MS + 100)).toEqual(slots.slice(3))
    expect([pending.count, [...pending.contracts]]).toEqual([0, []])
  })

  it('are looked for when a clock has moved 25 ms, whichever it is', () => {
    const { pending } = waiting(1)
    expect(pending.isLookDue([])).toBe(false)
    expect(pending.isLookDue([100, Number.NaN])).toBe(true)
    expect(pending.isLookDue([124, Number.NaN])).toBe(false)
    expect(pending.isLookDue([100, 25])).toBe(true)
  })

  it('are at most 1,024 of a contract: the oldest goes, and no print is lost', () => {
    const prints = Array.from({ length: 1_030 }, (_, i) => frame(100, trade(100, { q: 1 + i })))
    const { pendingMax, rows } = play(prints)
    expect(pendingMax).toBe(1_024)
    expect(rows.map(({ sequence }) => sequence)).toEqual(prints.map((_, i) => 1 + i))
  })
})
