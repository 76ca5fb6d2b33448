import * as fc from 'fast-check'
import { FrameDecoder } from '../../../src/reader/decode.ts'
import { Dictionary } from '../../../src/reader/dictionary.ts'
import { flatFileFrames, loadFlatFile } from '../../../src/recording/flat-file.ts'
import { chunkBytes, chunksOf } from '../chunks.ts'
import { check, checkEqual, type RunInput, type Target } from '../target.ts'

const ROWS_MAX = 500
const MESSAGE_MAX = 1000
const HEADER =
  'ticker,conditions,correction,exchange,participant_timestamp,price,sip_timestamp,size'

/** The vendor's flat file trades_v1. */
export const csv: Target = {
  name: 'csv',
  words: [
    ...[HEADER, 'ticker', 'sip_timestamp', 'price', 'size', 'conditions', 'exchange', ',', '\n'],
    ...['"', '""', '\r\n', '\ufeff', 'O:SPY230313P00390000', '209', '"227,209"', '227 209', ';'],
    ...['1678714200000000000', '1.678714200000000000e18', '1678714200000000000.0', '302', '1e400'],
  ],
  structured: rows(),
  share: 0.4,
  inTest: 150,
  setUp: makeCsv,
}

function makeCsv(): RunInput {
  return async (input) => {
    const whole = await loaded(input, 0)
    if (input.length % 4 === 0) {
      checkEqual(await loaded(input, chunkBytes(input)), whole, 'read in parts')
    }
    if (whole.error !== '') return whole.error.slice(0, 24)
    const dictionary = new Dictionary({ watched: '*', contractsMax: 1000 })
    const decoder = new FrameDecoder({ dictionary })
    let before = 0
    for (const frame of whole.frames) {
      check(decoder.decode(Buffer.from(frame), false, Number.NaN), `a frame is read: ${frame}`)
      const events = JSON.parse(frame) as { ev: unknown; t: unknown }[]
      for (const { ev, t } of events) {
        check(ev === 'T', 'an event is a print')
        if (typeof t !== 'number') continue
        check(t >= before, 'in order of time')
        before = t
      }
    }
    checkEqual(decoder.counts.received, whole.count, 'every row is a print')
    const { dropped } = decoder.counts
    const reasons = Object.entries(dropped).filter(([, count]) => count > 0)
    return `${Math.min(whole.count, 3)} ${reasons.map(([name]) => name)} ${whole.problems}`
  }
}

type Loaded = { count: number; frames: string[]; problems: number; error: string }

async function loaded(input: Buffer, bytes: number): Promise<Loaded> {
  const result: Loaded = { count: 0, frames: [], problems: 0, error: '' }
  const onProblem = () => result.problems++
  try {
    const columns = await loadFlatFile(chunksOf(input, bytes), { onProblem }, ROWS_MAX)
    result.count = columns.count
    check(columns.count <= ROWS_MAX, 'rows keep their limit')
    for (const { frames } of flatFileFrames(columns)) {
      result.frames.push(...frames.map((frame) => Buffer.from(frame.bytes).toString()))
    }
  } catch (error) {
    const { message, name } = error as Error & { code?: string }
    const isSaid = /^no flat file trades_v1:|^more than \d+ rows/.test(message)
    const isCsv =
      'code' in (error as Error) && String((error as { code: string }).code).startsWith('CSV_')
    if (!isSaid && !isCsv) throw error
    check(message.length <= MESSAGE_MAX, `an error of ${message.length} characters`)
    result.error = isSaid ? message : name + String((error as { code?: string }).code)
  }
  return result
}

function rows(): fc.Arbitrary<Uint8Array> {
  const odd = fc.constantFrom('', 'x', '1e400', '-1', '0x10', '1.5', ' 5', '"', '1e21', 'NaN')
  const mostly = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd })
  const row = fc
    .tuple(
      mostly(fc.constantFrom('O:SPY230313P00390000', 'O:SPXW251219C06475000')),
      mostly(fc.constantFrom('209', '', '"227,209"', '227 209')),
      mostly(fc.constant('0')),
      mostly(fc.constantFrom('302', '308', '')),
      mostly(fc.constant('0')),
      mostly(fc.nat(99_999).map((cents) => String(cents / 100))),
      mostly(fc.bigInt(1_678_714_200_000_000_000n, 1_678_714_300_000_000_000n).map(String)),
      mostly(fc.integer({ min: 1, max: 5000 }).map(String)),
    )
    .map((fields) => fields.join(','))
  return fc
    .array(row, { maxLength: 8 })
    .map((lines) => Buffer.from([HEADER, ...lines, ''].join('\n')))
}
