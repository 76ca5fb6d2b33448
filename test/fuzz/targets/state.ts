import { Dictionary } from '../../../src/reader/dictionary.ts'
import { check, checkEqual, type Target } from '../target.ts'

const CONTRACTS_MAX = 50
const WATCHED: ReadonlySet<string> = new Set(['SPX', 'SPY'])

/** A saved dictionary, as a snapshot holds it. */
export const state: Target = {
  name: 'state',
  words: [
    ...['\x01\0\0\0', '\x02\0\0\0', '\x03\0\0\0', '\x04\0\0\0', '\x11\0\0\0', '\xff\xff\xff\xff'],
    ...['\0\0\0\0\0\0\xf8\x7f', '\0\0\0\0\0\0\xf0\x3f', 'd\0i\0c\0t\0', '\0\0\0\0'],
  ].map((word) => Buffer.from(word, 'latin1')),
  share: 3,
  inTest: 500,
  setUp: () => (input) => {
    const loaded = load(input)
    if (typeof loaded === 'string') return loaded.replace(/\d+/g, '').slice(0, 50)
    check(loaded.size <= CONTRACTS_MAX, 'contracts keep their limit')
    // bits of NaN that no number has may be lost, once
    const saved = loaded.save()
    const again = load(saved)
    check(typeof again !== 'string', `what was saved is read again: ${String(again)}`)
    checkEqual(
      Buffer.from(again.save()).toString('latin1'),
      Buffer.from(saved).toString('latin1'),
      'saved again',
    )
    return `${Math.min(3, loaded.size)} ${Math.min(3, loaded.nextConditionSet)} ${loaded.underlyings.length}`
  },
}

/** The dictionary, or why it cannot be. */
function load(bytes: Uint8Array): Dictionary | string {
  const watched = bytes.length % 2 === 0 ? '*' : WATCHED
  const dictionary = new Dictionary({ watched, contractsMax: CONTRACTS_MAX })
  try {
    dictionary.load(bytes)
    return dictionary
  } catch (error) {
    const { message } = error as Error
    if (!message.startsWith('saved ')) throw error
    return message
  }
}
