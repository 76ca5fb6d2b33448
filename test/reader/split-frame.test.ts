import fc from 'fast-check'
import { expect, it } from 'vitest'
import { splitFrame } from '../../src/reader/split-frame.ts'

const texts = (frame: string): string[] | null =>
  splitFrame(Buffer.from(frame))?.map((event) => Buffer.from(event).toString()) ?? null

it('gives each event as it stands in the frame', () => {
  const events = ['{"ev":"T","p":12.0,"c":[1,2],"x":{"y":"}],["}}', ' {"ev":"Q", "s":"\\"]" } ']
  expect(texts(`[${events.join(',')}]`)).toEqual(events.map((event) => `[${event}]`))
  expect(texts(' [ {"a":1} ] ')).toEqual(['[ {"a":1} ]'])
})

it.each([
  ['{"ev":"T"}'],
  ['[]'],
  ['[{"ev":"T"},garbage]'],
  ['[{"ev":"T"}]tail'],
  ['[{"ev":"T"},]'],
  ['[{"ev":"T"},,{"ev":"T"}]'],
  ['[{"ev":"T"},7]'],
  ['[{"ev":"T"}'],
  [''],
  ['[{"ev":"T"},{"ev":"flow.nbbo"}]'],
])('leaves %s whole: it is malformed, or one thing', (frame) => {
  expect(texts(frame)).toBeNull()
})

it('splits any array of objects into frames that say the same', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 })
  fc.assert(
    fc.property(objects, (events) => {
      const frames = texts(JSON.stringify(events))
      expect(frames?.map((frame) => JSON.parse(frame))).toEqual(
        JSON.parse(JSON.stringify(events)).map((event: object) => [event]),
      )
    }),
  )
})
