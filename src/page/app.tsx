import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { LivePrint } from '../domain/live-flow.ts'
import type { Api } from './api.ts'
import { type Banner, bannersOf } from './banners.ts'
import { Cards } from './cards.tsx'
import { Chart } from './chart.tsx'
import { cardSymbols, SPANS, type SpanName } from './context.ts'
import { Help, TokenForm } from './dialogs.tsx'
import { DrillDown } from './drill-down.tsx'
import { type Filter, filterOf, NO_FILTER, searchOf } from './filter.ts'
import { Filters } from './filters.tsx'
import { Header } from './header.tsx'
import { useHealth } from './health.ts'
import { useNow, usePoll, useRedraw } from './hooks.ts'
import { type Action, actionOf } from './keys.ts'
import { LiveTape } from './live-tape.ts'
import { HeldCount, Tape } from './tape.tsx'
import type { TapeRow } from './tape-rows.ts'
import { useTheme } from './theme.ts'

const CARDS_MAX = 8
const SYMBOLS_MS = 30_000

/** The tape while it is held; `by` scrolling it ends by itself at the top. */
type Held = {
  readonly rows: readonly TapeRow[]
  readonly added: number
  readonly by: 'person' | 'scrolling'
}

export function App({ api }: { readonly api: Api }) {
  const redraw = useRedraw()
  const [filter, setFilter] = useState<Filter>(() => filterOf(location.search))
  const [epoch, setEpoch] = useState(0)
  const [refused, setRefused] = useState<string | null>(null)
  const [held, setHeld] = useState<Held | null>(null)
  const [chosen, setChosen] = useState(-1)
  const [opened, setOpened] = useState<TapeRow | null>(null)
  const [isHelp, setHelp] = useState(false)
  const [span, setSpan] = useState<SpanName>('medium')
  const [charted, setCharted] = useState<string | null>(null)
  const [closed, setClosed] = useState<readonly string[]>([])
  const { theme, seen, next } = useTheme()
  const tape = useMemo(() => new LiveTape(api, filter), [api])
  api.onUnauthorised = setRefused
  tape.onState = redraw

  useEffect(() => {
    history.replaceState(null, '', `${location.pathname}${searchOf(filter)}`)
    run()
    tape.follow(filter)
  }, [filter, epoch])
  useEffect(() => () => tape.stop(), [tape])

  const { stats, rate, health } = useHealth(api, tape, epoch)
  const symbols = useSymbols(api, epoch, filter.symbols)
  const symbol = charted ?? filter.symbols[0] ?? symbols[0] ?? null
  const now = useNow(1000)
  const banners = bannersOf(health, now).filter(({ id }) => !closed.includes(id))

  function hold(by: Held['by']): Held {
    const now: Held = held ?? { rows: [...tape.rows.rows], added: tape.rows.added, by }
    setHeld(by === 'person' ? { ...now, by } : now)
    return now
  }
  function run(): void {
    setHeld(null)
    setChosen(-1)
  }
  function open(row: TapeRow): void {
    setOpened(row)
  }
  function change(to: Filter): void {
    if (searchOf(to) !== searchOf(filter)) setFilter(to)
  }

  function act(action: Action): void {
    switch (action.do) {
      case 'move': {
        const { rows } = hold('person')
        setChosen(Math.min(rows.length - 1, Math.max(0, chosen + action.by)))
        return
      }
      case 'open': {
        const row = held?.rows[held.rows.length - 1 - chosen]
        if (chosen >= 0 && row !== undefined) open(row)
        return
      }
      case 'back':
        if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
        else if (opened !== null) setOpened(null)
        else run()
        return
      case 'hold':
        if (held === null) hold('person')
        else run()
        return
      case 'newest':
        run()
        return
      case 'search':
        document.querySelector<HTMLInputElement>('input[name=symbol]')?.select()
        return
      case 'clear':
        change(NO_FILTER)
        return
      case 'chart': {
        if (symbols.length === 0) return
        const at = symbols.indexOf(symbol ?? '') + action.by
        setCharted(symbols[(at + symbols.length) % symbols.length]!)
        return
      }
      case 'window':
        setSpan(SPANS[action.index]!.name)
        return
      case 'theme':
        next()
        return
      case 'help':
        setHelp(true)
    }
  }
  const latest = useRef(act)
  latest.current = act
  const isCovered = useRef(false)
  isCovered.current = isHelp || refused !== null
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const focused = event.target instanceof Element ? event.target : null
      const tag = focused?.closest('aside')?.tagName ?? focused?.tagName ?? ''
      const action = isCovered.current ? null : actionOf(event, tag)
      if (action === null) return
      event.preventDefault()
      latest.current(action)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])

  return (
    <>
      <Header
        tape={tape}
        stats={stats}
        rate={rate}
        isHeld={held !== null}
        theme={theme}
        onTheme={next}
        onHelp={() => setHelp(true)}
      />
      <Banners banners={banners} onClose={(id) => setClosed([...closed.slice(-50), id])} />
      <main>
        <Cards
          api={api}
          epoch={epoch}
          symbols={symbols}
          span={span}
          chosen={symbol}
          onChoose={setCharted}
        />
        <section class="flow" aria-label="Tape">
          <div class="bar">
            <Filters filter={filter} onChange={change} />
            <button
              type="button"
              class={`hold ${held === null ? '' : 'held'}`}
              aria-pressed={held !== null}
              onClick={() => act({ do: 'hold' })}
            >
              {held === null ? 'Hold' : 'Run'}
              {held !== null && <HeldCount tape={tape} since={held.added} />}
            </button>
          </div>
          <Tape
            tape={tape}
            held={held?.rows ?? null}
            chosen={chosen}
            opened={opened?.key ?? null}
            onOpen={open}
            onScrolled={(isTop) => {
              if (!isTop && held === null) hold('scrolling')
              else if (isTop && held?.by === 'scrolling') run()
            }}
          />
        </section>
        <div class="side">
          {symbol !== null && (
            <Chart
              api={api}
              epoch={epoch}
              symbol={symbol}
              span={span}
              onSpan={setSpan}
              gaps={health.gaps}
              theme={seen}
            />
          )}
          {opened !== null && (
            <DrillDown api={api} print={opened.print} onClose={() => setOpened(null)} />
          )}
        </div>
      </main>
      {isHelp && <Help onClose={() => setHelp(false)} />}
      {refused !== null && (
        <TokenForm
          key={refused}
          message={refused}
          onToken={(token) => {
            api.token = token
            setRefused(null)
            setEpoch(epoch + 1)
          }}
        />
      )}
    </>
  )
}

/** Underlyings with a card: those of the newest prints, whatever the tape is filtered by. */
function useSymbols(api: Api, epoch: number, asked: readonly string[]): readonly string[] {
  const { data } = usePoll<{ trades: readonly LivePrint[] }>(
    ...([api, '/api/trades?limit=500', SYMBOLS_MS, epoch] as const),
  )
  const have = useRef<readonly string[]>([])
  const symbols = cardSymbols(have.current, asked, data?.trades ?? [], CARDS_MAX)
  if (data !== null) have.current = symbols
  return symbols
}

type BannersProps = {
  readonly banners: readonly Banner[]
  readonly onClose: (id: string) => void
}

function Banners({ banners, onClose }: BannersProps) {
  return (
    <div class="banners" role="status">
      {banners.map(({ id, tone, text }) => (
        <p key={id} class={`banner ${tone}`} data-banner={id.split(' ')[0]}>
          <strong>{tone === 'bad' ? 'Careful' : 'Note'}</strong> {text}
          {tone === 'note' && (
            <button type="button" onClick={() => onClose(id)} aria-label={`Dismiss: ${text}`}>
              {'\u00d7'}
            </button>
          )}
        </p>
      ))}
    </div>
  )
}
