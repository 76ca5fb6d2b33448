/** Room for names beside the time and the words before them, of 60 columns. */
const LIST_WIDTH = 31
const MORE_WIDTH = ' and 9,999 more'.length

/** 1248 as `1,248`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** Premium as a person says it, cut and not rounded up: $480K, $1.1M, $2.3B. */
export function dollars(value: number): string {
  if (value >= 1e9) return `$${Math.floor(value / 1e8) / 10}B`
  if (value >= 1e6) return `$${Math.floor(value / 1e5) / 10}M`
  if (value >= 1e3) return `$${Math.floor(value / 1e3)}K`
  return `$${Math.floor(value)}`
}

/** A price in 1/10,000 dollar with cents, and more only where it has more: $45.50, $0.0125. */
export function price(ticks: number): string {
  return `$${(ticks / 10_000).toFixed(4).replace(/0{1,2}$/, '')}`
}

/** The two largest units of a time in ms: `2 days 3 hours`, `5 minutes`, `40 seconds`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ]
  const first = parts.findIndex(([value]) => value > 0)
  if (first === -1) return '0 seconds'
  const last = first === 2 ? 3 : first + 2 // a person does not care for seconds after minutes
  return parts
    .slice(first, last)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}${value === 1 ? '' : 's'}`)
    .join(' ')
}

const clock = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  timeStyle: 'medium',
})

/** The market's time of day: `2:35:42 PM ET`. */
export function marketTime(epochMs: number): string {
  return `${clock.format(epochMs).replace('\u202f', ' ')} ET`
}

/** The names if a narrow terminal has room for them, else as many as it has, and how many more. */
export function listed(names: readonly string[], room = LIST_WIDTH): string {
  const all = names.join(', ')
  if (all.length <= room) return all
  let shown = 1
  while (names.slice(0, shown + 1).join(', ').length <= room - MORE_WIDTH) shown++
  return `${names.slice(0, shown).join(', ')} and ${count(names.length - shown)} more`
}
