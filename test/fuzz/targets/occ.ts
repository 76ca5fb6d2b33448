import * as fc from 'fast-check'
import { type Contract, parseContract, underlyingOf } from '../../../src/domain/contract.ts'
import { DAY_MS } from '../../../src/domain/new-york.ts'
import { Dictionary, TICKER_INVALID } from '../../../src/reader/dictionary.ts'
import { check, checkEqual, type RunInput, type Target } from '../target.ts'

const CONTRACTS_MAX = 4096

/** Contract tickers, as text and as bytes of a frame. */
export const occ: Target = {
  name: 'occ',
  words: ['O:', 'O:SPXW', '251219', '240229', '230229', '000000', '991231', 'C', 'P', '00000000'],
  structured: fc
    .tuple(
      fc.constantFrom('O:', 'O:', 'O:', 'o:', ''),
      fc.stringMatching(/^[A-Z][A-Z0-9]{0,6}$/),
      fc.integer({ min: 0, max: 999_999 }).map((n) => String(n).padStart(6, '0')),
      fc.constantFrom('C', 'P', 'p'),
      fc.nat(99_999_999).map((n) => String(n).padStart(8, '0')),
    )
    .map((parts) => Buffer.from(parts.join(''))),
  share: 50,
  inTest: 3000,
  setUp: makeOcc,
}

function makeOcc(): RunInput {
  let dictionary = new Dictionary({ watched: '*', contractsMax: CONTRACTS_MAX })
  return (input) => {
    if (dictionary.size === CONTRACTS_MAX) {
      dictionary = new Dictionary({ watched: '*', contractsMax: CONTRACTS_MAX })
    }
    const text = input.toString('latin1')
    const contract = parseContract(text)
    checkEqual(contract, model(text), 'parsed')
    checkEqual(parseContract(input.toString()), model(input.toString()), 'parsed as UTF-8')
    const padded = Buffer.concat([Buffer.from('"'), input, Buffer.from('"')])
    const id = dictionary.lookup(padded, 1, padded.length - 1)
    checkEqual(id === TICKER_INVALID, contract === null, 'the bytes are no ticker')
    if (contract === null) return `none ${Math.min(text.length, 24)} ${text.startsWith('O:')}`
    check(dictionary.ticker(id) === text, 'a ticker comes back as it was')
    checkEqual(dictionary.lookup(padded, 1, padded.length - 1), id, 'its id stays')
    checkEqual(dictionary.underlyings[dictionary.underlyingId(id)], contract.underlying, 'owner')
    checkEqual(underlyingOf(contract.underlying), contract.underlying, 'underlying of its own')
    return `${contract.root.length} ${contract.isCall} ${contract.root === contract.underlying}`
  }
}

const INDEX_ROOTS: Readonly<Record<string, string>> = {
  ...{ SPXW: 'SPX', SPXPM: 'SPX', NDXP: 'NDX', VIXW: 'VIX', RUTW: 'RUT' },
}

/** The rules word for word, over Date. */
function model(text: string): Contract | null {
  const found = /^O:([A-Z][A-Z0-9]{0,5})([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8})$/.exec(text)
  if (found === null || text.endsWith('\n')) return null
  const [, root = '', yy, mm, dd, right, strike] = found
  const date = `20${yy}-${mm}-${dd}`
  const time = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) return null
  const plain = root.replace(/[0-9]+$/, '')
  return {
    ticker: text,
    root,
    underlying: INDEX_ROOTS[plain] ?? plain,
    expirationDay: time / DAY_MS,
    isCall: right === 'C',
    strikeMills: Number(strike),
  }
}
