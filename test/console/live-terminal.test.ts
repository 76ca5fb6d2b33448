import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { liveTerminal } from '../../src/console/live-terminal.ts'

/** A terminal that keeps what is written to it. */
function terminal(columns: number, rows = 24) {
  let text = ''
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  return {
    stream: Object.assign(stream, { columns, rows }) as unknown as NodeJS.WriteStream,
    taken: () => {
      const all = text
      text = ''
      return all
    },
  }
}

/** How many rows are erased. */
const erased = (text: string) => text.split('\u001B[2K').length - 1

test('a line of the log goes above the view, which is drawn again below it', () => {
  const { stream, taken } = terminal(40)
  const live = liveTerminal(stream)
  live.draw(['one', 'two'])
  expect(taken()).toBe('one\ntwo\n')
  live.log('pretty').write('a print\n')
  const text = taken()
  expect(text).toMatch(/a print\none\ntwo\n$/)
  expect(erased(text)).toBe(3) // both, and the line that the cursor stands in
  live.end()
  expect(erased(taken())).toBe(3)
  live.log('pretty').write('the account\n')
  expect(taken()).toBe('the account\n')
  live.draw(['three'])
  expect(taken()).toBe('')
})

test('a terminal that nobody has sized yet has the log, and the view once it is sized', () => {
  const { stream, taken } = terminal(0, 0)
  const live = liveTerminal(stream)
  live.draw(['one', 'two'])
  live.log('pretty').write('a print\n')
  live.draw(['one', 'two'])
  expect(taken()).toContain('a print\n')
  Object.assign(stream, { columns: 40, rows: 24 })
  live.draw(['three', 'four'])
  expect(taken()).toContain('three\nfour\n')
  live.end()
})

test('what a narrower terminal has wrapped goes too', () => {
  const { stream, taken } = terminal(40)
  const live = liveTerminal(stream)
  live.draw(['x'.repeat(39), 'short'])
  taken()
  stream.columns = 15
  live.draw(['x'.repeat(14)])
  expect(erased(taken())).toBe(5) // 3 + 1 rows, and the cursor's
  live.draw(['y'.repeat(14)])
  expect(erased(taken())).toBe(2)
})

test('a line of the log before the view is made for the narrower terminal erases no other', () => {
  const { stream, taken } = terminal(40)
  const live = liveTerminal(stream)
  live.draw(['x'.repeat(39)])
  taken()
  stream.columns = 15
  live.log('pretty').write('a print\n')
  const text = taken()
  expect(text).toMatch(/a print\nx{14}\n$/)
  expect(erased(text)).toBe(4)
  live.draw(['y'.repeat(14)])
  expect(erased(taken())).toBe(2)
})

test('a low terminal keeps room for the log', () => {
  const { stream, taken } = terminal(40, 6)
  liveTerminal(stream).draw(['1', '2', '3', '4', '5'])
  expect(taken()).toBe('1\n2\n3\n')
})
