import { daysFromCivil } from '../domain/new-york.ts'

/** Listed options began in 1973, the tape that a backtest can have later: before is a mistake. */
const EARLIEST = daysFromCivil(2000, 1, 1) * 86_400_000
const LATEST = daysFromCivil(2100, 1, 1) * 86_400_000

const EXPECTED = 'expected epoch milliseconds or ISO 8601 with a zone'
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/i

/**
 * A time as epoch ms, or in words why it is none. Only what can mean one instant is taken:
 * milliseconds (not seconds) since 1970, or a date and time with its zone.
 */
export function timeOfText(text: string): number | string {
  if (/^\d+(?:\.0+)?$/.test(text)) {
    const ms = Number(text)
    if (inRange(ms)) return ms
    if (inRange(ms * 1000)) return `${EXPECTED}, came ${text}, which looks like seconds`
    if (inRange(ms / 1000)) return `${EXPECTED}, came ${text}, which looks like microseconds`
    if (inRange(ms / 1e6)) return `${EXPECTED}, came ${text}, which looks like nanoseconds`
    return `${EXPECTED} from 2000 to 2099, came ${text}`
  }
  const parts = ISO.exec(text)
  if (parts === null) return `${EXPECTED}, came ${text === '' ? 'nothing' : text}`
  const [, year, month, day, zone] = parts
  if (zone === undefined) return `${EXPECTED}, came ${text}, which has no zone (Z or -05:00)`
  const date = new Date(daysFromCivil(Number(year), Number(month), Number(day)) * 86_400_000)
  if (date.getUTCMonth() + 1 !== Number(month)) return `no such date: ${text}`
  const ms = Date.parse(text.replace(' ', 'T').replace(',', '.').toUpperCase())
  if (!Number.isFinite(ms)) return `no such time: ${text}`
  return inRange(ms) ? ms : `${EXPECTED} from 2000 to 2099, came ${text}`
}

function inRange(ms: number): boolean {
  return ms >= EARLIEST && ms < LATEST
}
