const clock = new Intl.DateTimeFormat('en-GB', {
  ...{ timeZone: 'America/New_York', hour12: false },
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
})
const day = new Intl.DateTimeFormat('en-CA', {
  ...{ timeZone: 'America/New_York', year: 'numeric', month: '2-digit', day: '2-digit' },
})
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** New York time of epoch ms, with `digits` of the second: 09:31:05.120. */
export function timeText(time: number, digits = 0): string {
  const whole = secondText(Math.floor(time / 1000))
  if (digits === 0) return whole
  const ms = `${Math.floor(time % 1000)}`.padStart(3, '0')
  return `${whole}.${ms.slice(0, digits)}`
}

/** Prints of one second come together: the slow formatter is asked once for it. */
let lastSecond = Number.NaN
let lastText = ''
function secondText(second: number): string {
  if (second !== lastSecond) {
    lastText = clock.format(second * 1000)
    lastSecond = second
  }
  return lastText
}

/** New York date of epoch ms: 2026-11-23. */
export function dateText(time: number): string {
  return day.format(time)
}

/** A date such as 2026-12-18 as 18 Dec 26. */
export function expiryText(date: string): string {
  const [year = '', month = '', dayOfMonth = ''] = date.split('-')
  return `${dayOfMonth} ${MONTHS[Number(month) - 1] ?? month} ${year.slice(2)}`
}

/** Dollars as a trader says them, cut and not rounded up: $1.24M, $86.3K, $940. */
export function premiumText(dollars: number): string {
  const sign = dollars < 0 ? '-' : ''
  const size = Math.abs(dollars)
  if (size >= 1e9) return `${sign}$${cut(size, 1e9, 2)}B`
  if (size >= 1e6) return `${sign}$${cut(size, 1e6, 2)}M`
  if (size >= 1e3) return `${sign}$${cut(size, 1e3, 1)}K`
  return `${sign}$${Math.floor(size)}`
}

/** The same with its sign, also where it is positive: +$1.24M. */
export function netText(dollars: number): string {
  return dollars > 0 ? `+${premiumText(dollars)}` : premiumText(dollars)
}

/** Whole steps of the last digit: a quotient of two whole numbers is exact where it is one. */
function cut(dollars: number, unit: number, digits: number): string {
  const factor = 10 ** digits
  return (Math.floor(dollars / (unit / factor)) / factor).toFixed(digits)
}

/** A price with cents, and more only where it has more: 45.50, 0.0125. */
export function priceText(dollars: number): string {
  return dollars.toFixed(4).replace(/0{1,2}$/, '')
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 2156 as 2,156. */
export function countText(value: number): string {
  return whole.format(value)
}

/** A time in ms as its largest two units: 2 h 5 min, 40 s. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} days`
}
