import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withContexts } from '../../src/backtest/contexts.ts'
import { readSignals, SignalFileError } from '../../src/backtest/read-signals.ts'
import type { Signal } from '../../src/backtest/signal.ts'
import type { FlowContext } from '../../src/flow/flow-context.ts'
import { timeOfText } from '../../src/flow/time-text.ts'

const HEADER = 'detector,symbol,timestamp,direction,score,pnl'
const GOOD = 'MOMENTUM,SPX,1732483200000,LONG,55,1.5'

async function read(text: string, rowsMax?: number) {
  const path = join(await mkdtemp(join(tmpdir(), 'flow-signals-')), 'signals.csv')
  await writeFile(path, text)
  return readSignals(path, rowsMax)
}

describe('a time', () => {
  const ms = Date.UTC(2024, 10, 24, 21, 20)
  test.each([
    ['1732483200000', ms],
    ['1732483200000.0', ms],
    ['2024-11-24T21:20:00Z', ms],
    ['2024-11-24t21:20:00.123456z', ms + 123],
    ['2024-11-24T16:20-05:00', ms],
    ['2024-11-24 16:20:00-0500', ms],
  ])('%s is taken', (text, time) => {
    expect(timeOfText(text)).toBe(time)
  })

  test.each([
    ['1732483200', /came 1732483200, which looks like seconds/],
    ['1732483200000000', /microseconds/],
    ['1732483200000000000', /nanoseconds/],
    ['2024-11-24T21:20:00', /which has no zone/],
    ['2024-11-24', /came 2024-11-24$/],
    ['11/24/2024 21:20', /expected epoch milliseconds or ISO 8601/],
    ['2024-02-30T00:00:00Z', /no such date/],
    ['2024-11-24T25:20:00Z', /no such time/],
    ['1999-01-01T00:00:00Z', /from 2000 to 2099/],
    ['42', /from 2000 to 2099/],
    ['-1732483200000', /expected epoch milliseconds/],
    ['', /came nothing/],
  ])('%j is refused', (text, why) => {
    expect(timeOfText(text)).toMatch(why)
  })
})

describe('a file of signals', () => {
  test('is read by the names of its columns, with what a spreadsheet adds to it', async () => {
    const { signals, badRows } = await read(
      `\ufeffNote,PNL,Score, Direction,timestamp,Symbol,Detector,exit_timestamp\r\n` +
        `"a, b",-2.5,60,short,2024-11-24T21:20:00Z,spxw,"GAP ""UP""",2024-11-24T21:50:00Z\r\n\r\n`,
    )
    expect(badRows).toBe(0)
    expect(signals).toEqual([
      {
        detector: 'GAP "UP"',
        symbol: 'SPX',
        timestamp: Date.UTC(2024, 10, 24, 21, 20),
        direction: 'SHORT',
        score: 60,
        pnl: -2.5,
        exitTimestamp: Date.UTC(2024, 10, 24, 21, 50),
      },
    ])
  })

  test.each([
    [',SPX,1732483200000,LONG,55,1', /detector: expected 1 to 64 printable characters/],
    ['M\u001b[31m,SPX,1732483200000,LONG,55,1', /detector: .*came M\?\[31m/],
    ['M,S P,1732483200000,LONG,55,1', /symbol: expected an underlying/],
    ['M,SPX,1732483200,LONG,55,1', /timestamp: .*seconds/],
    ['M,SPX,1732483200000,UP,55,1', /direction: expected LONG or SHORT, came UP/],
    ['M,SPX,1732483200000,LONG,101,1', /score: expected a number from 0 to 100, came 101/],
    ['M,SPX,1732483200000,LONG,,1', /score: .*came nothing/],
    ['M,SPX,1732483200000,LONG,55,$1', /pnl: expected a number .*came \$1/],
    ['M,SPX,1732483200000,LONG,55,"1,000"', /pnl: .*came 1,000/],
    ['M,SPX,1732483200000,LONG,55,Infinity', /pnl: .*came Infinity/],
    ['M,SPX,1732483200000,LONG,55', /pnl: .*came nothing/],
  ])('tells the line of %s, and leaves it out', async (row, why) => {
    const { signals, badRows, problems } = await read(`${HEADER}\n${GOOD}\n\n${row}\n${GOOD}\n`)
    expect(signals).toHaveLength(2)
    expect(badRows).toBe(1)
    expect(problems).toEqual([expect.stringMatching(why)])
    expect(problems[0]).toMatch(/^line 4: /)
  })

  test('tells 20 bad rows one by one, and counts all', async () => {
    const { problems, badRows } = await read(`${HEADER}\n${'x\n'.repeat(500)}`)
    expect(problems).toHaveLength(20)
    expect(badRows).toBe(500)
  })

  test('counts what is there twice', async () => {
    const { signals, repeated, firstRepeat } = await read(`${HEADER}\n${GOOD}\n${GOOD}\n${GOOD}9\n`)
    expect(signals).toHaveLength(3)
    expect(repeated).toBe(2)
    expect(firstRepeat).toEqual([3, 2])
  })

  test.each([
    ['an empty file', '', /came an empty file/],
    ['a header that lacks columns', 'detector,symbol\n', /lacks timestamp, direction, score, pnl/],
    ['no header', `${GOOD}\n`, /lacks detector/],
    ['a column that is there twice', `${HEADER},PNL\n`, /pnl twice/],
    ['a quote that is not closed', `${HEADER}\n"M,SPX\n`, /quote is not closed.*line 2/],
    ['a row that does not end', `${HEADER}\n"${GOOD}\n`.padEnd(9000, 'x'), /at most 4096 bytes/],
    ['too many rows', `${HEADER}\n${`${GOOD}\n`.repeat(4)}`, /at most 3 rows/],
    [
      'a number of its own for each row as detector',
      `${HEADER}\n${Array.from({ length: 201 }, (_, at) => GOOD.replace('MOMENTUM', `${at}`)).join('\n')}`,
      /at most 200 detectors/,
    ],
  ])('%s is refused as a whole', async (name, text, why) => {
    const reading = read(text, name === 'too many rows' ? 3 : undefined)
    await expect(reading).rejects.toThrow(SignalFileError)
    await expect(reading).rejects.toThrow(why)
  })

  test('no terminal codes of a file come out again', async () => {
    const { problems } = await read(`${HEADER}\nM,\u001b[31mX,1732483200000,LONG,5,1\n`)
    expect(problems[0]).toMatch(/came \?\[31MX/)
  })
})

describe('contexts', () => {
  const signalAt = (timestamp: number, symbol = 'SPX'): Signal => ({
    ...{ detector: 'M', symbol, timestamp, direction: 'LONG', score: 5, pnl: 1 },
    ...{ exitTimestamp: null },
  })
  const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test.each([
    ['unfilled', true],
    ['open', true],
    ['partly filled', true],
    ['filled', false],
  ])('a gap that is %s: prints may be missing: %s', async (status, hasGaps) => {
    const gap = { startedAt: 1, endedAt: 2, reason: 'crashed', status }
    const ask = async () => ({ gaps: [gap] }) as unknown as FlowContext
    const [item] = await withContexts([signalAt(3)], ask, 50)
    expect(item!.context).toMatchObject({ hasGaps })
  })

  test('are asked for once for a symbol and time, four at a time, and none of the future', async () => {
    const asked: string[] = []
    const told: number[] = []
    let underWay = 0
    let most = 0
    const signals = [1, 2, 3, 4, 5, 6, 7, 3, 99].map((time) => signalAt(time))
    const items = await withContexts(
      [...signals, signalAt(3, 'SPY')],
      async (symbol, asOf) => {
        asked.push(`${symbol} ${asOf}`)
        most = Math.max(most, ++underWay)
        await tick()
        underWay--
        return null
      },
      50,
      (done, total) => told.push(done / total),
    )
    expect(asked).toHaveLength(8)
    expect(new Set(asked).size).toBe(8)
    expect(asked).not.toContain('SPX 99')
    expect(most).toBe(4)
    expect(told.at(-1)).toBe(1)
    expect(items.map(({ signal }) => signal)).toEqual([...signals, signalAt(3, 'SPY')])
  })

  test('a failure ends it', async () => {
    let asked = 0
    const signals = Array.from({ length: 100 }, (_, at) => signalAt(at))
    const ask = async (): Promise<null> => {
      asked++
      await tick()
      throw new Error('the database is away')
    }
    await expect(withContexts(signals, ask, 1_000)).rejects.toThrow('the database is away')
    await tick()
    expect(asked).toBeLessThanOrEqual(8)
  })
})
