import { expect, it } from 'vitest'
import { EventColumns } from '../../src/reader/event-columns.ts'
import { QuoteFollower } from '../../src/reader/quote-follower.ts'
import { KIND_PRINT, KIND_QUOTE } from '../../src/slab/event-slab.ts'

function prints(...contracts: readonly number[]): EventColumns {
  const columns = new EventColumns()
  for (const contract of contracts) {
    const row = columns.append()
    columns.kind[row] = KIND_PRINT
    columns.contract[row] = contract
  }
  return columns
}

it('asks once for each contract that trades, and not for one that is only quoted', () => {
  const follower = new QuoteFollower(1, 10, () => 0)
  const frame = prints(3, 7, 3)
  const row = frame.append()
  frame.kind[row] = KIND_QUOTE
  frame.contract[row] = 5
  follower.see(frame, 8)
  expect(follower.turn()).toEqual([{ connection: 0, unsubscribe: [], subscribe: [3, 7] }])
  follower.see(prints(3), 8)
  expect(follower.turn()).toEqual([{ connection: 0, unsubscribe: [], subscribe: [] }])
})

it('never quotes more than the cap, and lets go of what has not traded for longest', () => {
  const follower = new QuoteFollower(1, 3, () => 0)
  for (const contract of [1, 2, 3]) {
    follower.see(prints(contract), 10)
    follower.turn()
  }
  follower.see(prints(1), 10) // 1 trades again: 2 is now the oldest
  follower.turn()
  follower.see(prints(4), 10)
  expect(follower.turn()).toEqual([{ connection: 0, unsubscribe: [2], subscribe: [4] }])
  expect(follower.quoted).toBe(3)
  follower.see(prints(2), 10)
  expect(follower.turn()).toEqual([{ connection: 0, unsubscribe: [3], subscribe: [2] }])
})

it('holds the cap on every connection for any tape', () => {
  const max = 30 // less than trade in one round
  const follower = new QuoteFollower(2, max, (contract) => contract % 2)
  const asked = [new Set<number>(), new Set<number>()]
  let state = 1
  for (let round = 0; round < 300; round++) {
    const contracts = Array.from({ length: 80 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state % 3000
    })
    follower.see(prints(...contracts), 3000)
    for (const { connection, unsubscribe, subscribe } of follower.turn()) {
      const mine = asked[connection]!
      for (const id of unsubscribe) expect(mine.delete(id)).toBe(true)
      for (const id of subscribe) {
        expect(id % 2).toBe(connection)
        expect(mine.has(id)).toBe(false)
        mine.add(id)
      }
      expect(mine.size).toBeLessThanOrEqual(max)
    }
  }
  expect(asked[0]!.size + asked[1]!.size).toBe(follower.quoted)
  expect(follower.quoted).toBe(2 * max)
})
