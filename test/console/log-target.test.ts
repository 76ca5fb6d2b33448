import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { streamTarget } from '../../src/console/log-target.ts'

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
] as const)(
  'a %s log keeps a MiB for who takes nothing, and the last lines',
  async (format, told) => {
    const { stream, taken, goOn } = slowReader()
    const { write, flush } = streamTarget(stream, format)
    for (let i = 0; i < 3000; i++) write(LINE)
    for (let i = 0; i < 100; i++) write(`last ${i}\n`)
    expect(stream.writableLength).toBe(1024 * 1024)
    setTimeout(goOn, 100)
    const begun = performance.now()
    await flush()
    expect(performance.now() - begun).toBeLessThan(900)
    expect(taken.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => `last ${i}\n`))
    const lines = taken.filter((text) => text === LINE).length
    expect(lines).toBe(1024)
    expect(taken.at(-101)).toMatch(told)
    expect(Number(told.exec(taken.at(-101)!)![1])).toBe(3000 - lines)
    write(LINE)
    expect(taken.at(-1)).toBe(LINE)
    expect(taken).toHaveLength(lines + 102)
  },
)

test('a reader that takes nothing any more is waited for a second', async () => {
  const { stream } = slowReader()
  const { write, flush } = streamTarget(stream, 'json')
  write(LINE)
  const begun = performance.now()
  await flush()
  expect(performance.now() - begun).toBeGreaterThan(900)
})
