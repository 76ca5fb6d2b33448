import { expect, test } from 'vitest'
import { Pace, progressOf } from '../../src/console/progress.ts'

const MIB = 1024 * 1024

test.each([
  ['MiB', 0, 10 * MIB, 0, ['0.0/10.0 MiB', '0.0 MiB/s', 'unknown time']],
  ['MiB', 2.5 * MIB, 10 * MIB, 5000, ['2.5/10.0 MiB', '0.5 MiB/s', '15 seconds']],
  ['MiB', 9.9 * MIB, 10 * MIB, 9900, ['9.9/10.0 MiB', '1.0 MiB/s', '1 second']],
  ['MiB', 10 * MIB, 10 * MIB, 20_000, ['10.0/10.0 MiB', '0.5 MiB/s', '0 seconds']],
  ['contexts', 1500, 91_500, 3000, ['1,500/91,500 contexts', '500 contexts/s', '3 minutes']],
] as const)('%s: %d of %d in %d ms', (unit, done, total, ms, words) => {
  expect(Object.values(progressOf({ unit, done, total, from: 0, ms }))).toEqual(words)
})

test('the pace is that of what was done since the first that was heard', () => {
  const pace = new Pace()
  const words = (done: number, now: number) =>
    Object.values(progressOf({ unit: 'MiB', done, total: 10 * MIB, ...pace.at(done, now) }))
  // a download that goes on where another was cut off
  expect(words(5 * MIB, 1000)).toEqual(['5.0/10.0 MiB', '0.0 MiB/s', 'unknown time'])
  expect(words(6 * MIB, 3000)).toEqual(['6.0/10.0 MiB', '0.5 MiB/s', '8 seconds'])
  expect(words(10 * MIB, 11_000)).toEqual(['10.0/10.0 MiB', '0.5 MiB/s', '0 seconds'])
  // and then the file is read
  expect(words(0, 61_000)).toEqual(['0.0/10.0 MiB', '0.0 MiB/s', 'unknown time'])
  expect(words(4 * MIB, 63_000)).toEqual(['4.0/10.0 MiB', '2.0 MiB/s', '3 seconds'])
})
