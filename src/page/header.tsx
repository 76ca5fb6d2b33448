import { countText, durationText, timeText } from './format.ts'
import { useNow } from './hooks.ts'
import type { LiveTape } from './live-tape.ts'

/** Answer of GET /api/stats, as far as the page shows it. */
export type Stats = {
  readonly version: string
  readonly rules: string
  readonly ready: string
  readonly account: { readonly received: number; readonly stored: number }
}

type Props = {
  readonly tape: LiveTape
  readonly stats: Stats | null
  /** Prints received a second, as the engine counts them. */
  readonly rate: number | null
  readonly isHeld: boolean
  readonly theme: string
  readonly onTheme: () => void
  readonly onHelp: () => void
}

export function Header({ tape, stats, rate, isHeld, theme, onTheme, onHelp }: Props) {
  const now = useNow(1000)
  const state = stateOf(tape, isHeld, now)
  const colours = theme === 'system' ? 'Auto' : theme === 'dark' ? 'Dark' : 'Light'
  return (
    <header class="top">
      <h1>Options flow</h1>
      <span class={`state ${state.tone}`} role="status">
        <i aria-hidden="true">{state.glyph}</i>
        {state.text}
      </span>
      {stats !== null && (
        <span class="counts num">
          {rate !== null && <span>{countText(rate)}/s received</span>}
          <span>{countText(stats.account.stored)} stored</span>
          <span>rules {stats.rules}</span>
        </span>
      )}
      <span class="clock num">{timeText(now)} ET</span>
      <button type="button" onClick={onTheme} aria-label={`${colours} colours (t)`}>
        {colours}
      </button>
      <button type="button" onClick={onHelp} aria-label="Keys (?)">
        ?
      </button>
    </header>
  )
}

function stateOf({ awaySince, nextTryAt }: LiveTape, isHeld: boolean, now: number) {
  if (awaySince === null) {
    if (isHeld) return { tone: 'flat', glyph: '\u2016', text: 'Held' }
    return { tone: 'up', glyph: '\u25cf', text: 'Live' }
  }
  if (nextTryAt === null || nextTryAt <= now) {
    return { tone: 'unknown', glyph: '\u25cb', text: 'Connecting' }
  }
  const wait = durationText(nextTryAt - now + 999)
  return { tone: 'down', glyph: '\u25cb', text: `Away, again in ${wait}` }
}
