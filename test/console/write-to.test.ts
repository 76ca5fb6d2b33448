import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { writeTo } from '../../src/console/log.ts'

const LINE = `${'x'.repeat(1023)}\n`

/** A reader that takes the first line, and the others only once it goes on. */
function slowReader() {
  const taken: string[] = []
  let goOn = (): void => {}
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      taken.push(text)
      if (taken.length === 1) goOn = done
      else done()
    },
  })
  return { stream, taken, goOn: () => goOn() }
}

test.each([
  ['pretty', /^\[..:..:..\] Warning: lines of this log were left out.* lines=(\d+)\n$/],
  ['json', /^\{"level":"warn","time":"[^"]+","lines":(\d+),"msg":"lines of this log.*"\}\n$/],
] as const)('a %s log keeps a MiB for who takes nothing, and counts the rest', (format, told) => {
  const { stream, taken, goOn } = slowReader()
  const write = writeTo(stream, format)
  for (let i = 0; i < 3000; i++) write(LINE)
  expect(stream.writableLength).toBe(1024 * 1024)
  goOn()
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    const lines = taken.filter((text) => text === LINE).length
    expect(lines).toBe(1024)
    expect(taken.at(-1)).toMatch(told)
    expect(Number(told.exec(taken.at(-1)!)![1])).toBe(3000 - lines)
    write(LINE)
    expect(taken.at(-1)).toBe(LINE)
    expect(taken).toHaveLength(lines + 2)
  })
})
