import { expect, test } from 'vitest'
import { Pending } from '../../src/journal/pending.ts'

function put(pending: Pending, text: string, segment: number, offset: number): void {
  const place = pending.reserve(text.length, { segment, offset })
  place.memory.write(text, place.offset)
}

const textOf = (pending: Pending): string => Buffer.concat(pending.take()!.rest()).toString()

test('what comes while a batch is on its way is the next batch; a segment begins one of its own', () => {
  const pending = new Pending()
  expect(pending.take()).toBeNull()
  put(pending, 'one', 1, 0)
  put(pending, 'two', 1, 3)
  expect(textOf(pending)).toBe('onetwo')
  put(pending, 'three', 1, 6)
  put(pending, 'four', 2, 0)
  put(pending, 'five', 2, 4)
  expect(textOf(pending)).toBe('onetwo')
  expect(pending.bytes).toBe(19)
  pending.release()
  expect(textOf(pending)).toBe('three')
  expect(pending.take()).toMatchObject({ segment: 1, offset: 6, bytes: 5 })
  pending.release()
  expect(textOf(pending)).toBe('fourfive')
  expect(pending.take()).toMatchObject({ segment: 2, offset: 0, bytes: 8 })
  pending.release()
  expect(pending.take()).toBeNull()
  expect(pending.bytes).toBe(0)
})

test('a batch that was taken in part gives its rest, over several pieces of memory', () => {
  const pending = new Pending()
  const texts = ['a'.repeat(200_000), 'b'.repeat(200_000), 'c'.repeat(300_000)]
  let offset = 0
  for (const text of texts) {
    put(pending, text, 1, offset)
    offset += text.length
  }
  const all = texts.join('')
  for (const done of [0, 1, 199_999, 200_000, 399_999, 400_000, 699_999, 700_000]) {
    pending.take()!.done = done
    expect(textOf(pending) === all.slice(done), `from ${done}`).toBe(true)
  }
})
