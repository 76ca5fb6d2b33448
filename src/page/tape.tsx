import { memo } from 'preact/compat'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { countText } from './format.ts'
import { useRedraw } from './hooks.ts'
import type { LiveTape, Revised } from './live-tape.ts'
import { rowText, spokenRow } from './row-text.ts'
import type { TapeRow } from './tape-rows.ts'
import { BELT_ROWS, beltLead, scrollTo, virtualWindow } from './virtual-window.ts'

const COLUMNS = [
  ...['Time ET', 'Symbol', 'Contract', 'Side', 'Size @ price', 'Premium', 'Type'],
  ...['Sentiment', 'Venue', 'DTE', 'Why'],
] as const
/** Columns whose figures stand at the right. */
const RIGHT: readonly string[] = ['Size @ price', 'Premium', 'DTE']
const BIG_PREMIUM = 250_000

type Props = {
  readonly tape: LiveTape
  /** The rows that are held still; null: the tape runs. */
  readonly held: readonly TapeRow[] | null
  /** Place of the chosen row from the top, -1: none. Rows only keep their place while held. */
  readonly chosen: number
  readonly opened: string | null
  readonly onOpen: (row: TapeRow) => void
  /** The person has scrolled away from the top, or back to it. */
  readonly onScrolled: (isTop: boolean) => void
}

/** The newest print first. Only the rows that can be seen are in the document. */
export function Tape({ tape, held, chosen, opened, onOpen, onScrolled }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const redraw = useRedraw()
  const [view, setView] = useState({ top: 0, height: 600, rowHeight: 26 })
  const isHeld = useRef(false)
  isHeld.current = held !== null

  useEffect(() => {
    tape.onFrame = () => {
      if (!isHeld.current) redraw()
    }
    return () => {
      tape.onFrame = () => {}
    }
  }, [tape])

  useLayoutEffect(() => {
    const box = scroller.current!
    const measure = (): void => {
      const rowHeight = Number.parseFloat(getComputedStyle(box).getPropertyValue('--row')) || 26
      setView((before) => ({ ...before, height: box.clientHeight, rowHeight }))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    measure()
    return () => observer.disconnect()
  }, [])

  useLayoutEffect(() => {
    const box = scroller.current!
    if (held === null) box.scrollTop = 0
    else if (chosen >= 0) {
      const room = view.height - view.rowHeight
      const to = scrollTo(chosen, box.scrollTop, room, view.rowHeight)
      if (to !== box.scrollTop) box.scrollTop = to
    }
  }, [chosen, held === null])

  const rows = held ?? tape.rows.rows
  const { first, end } = virtualWindow(view.top, view.height, view.rowHeight, rows.length)
  const shown = []
  for (let i = first; i < end; i++) shown.push(rows[rows.length - 1 - i]!)
  // Rows keep their places on a belt, which moves down as new ones come above the others: so
  // nothing but these is laid out and painted.
  const count = held === null ? tape.rows.added : held.length
  const lead = beltLead(count)
  const body = { height: `${rows.length * view.rowHeight}px` }
  const belt = {
    transform: `translateY(${-lead * view.rowHeight}px)`,
    height: `${(BELT_ROWS + tape.rows.max) * view.rowHeight}px`,
  }

  return (
    <div
      class="tape"
      role="grid"
      aria-label="Live tape, newest first"
      aria-rowcount={rows.length + 1}
      aria-colcount={COLUMNS.length}
      aria-activedescendant={chosen >= first && chosen < end ? `row-${chosen}` : undefined}
      tabIndex={0}
      ref={scroller}
      onScroll={({ currentTarget }) => {
        const top = currentTarget.scrollTop
        setView((before) => ({ ...before, top }))
        onScrolled(top < 2)
      }}
    >
      <div class="tape-head row" role="row" aria-rowindex={1}>
        {COLUMNS.map((name) => (
          <span
            key={name}
            role="columnheader"
            class={`c-${name.split(' ')[0]!.toLowerCase()} ${RIGHT.includes(name) ? 'num' : ''}`}
          >
            {name}
          </span>
        ))}
      </div>
      <div class="tape-body" role="presentation" style={body}>
        <div class="tape-belt" role="rowgroup" style={belt}>
          {shown.map((row, i) => (
            <Row
              key={row.key}
              row={row}
              top={(lead + first + i) * view.rowHeight}
              index={held === null ? -1 : first + i}
              isChosen={first + i === chosen}
              isOpen={row.key === opened}
              revised={tape.revised.get(row.print.event_id ?? '')}
              onOpen={onOpen}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

type RowProps = {
  readonly row: TapeRow
  /** Place on the belt, px. */
  readonly top: number
  /** Place from the top while held, else -1. */
  readonly index: number
  readonly isChosen: boolean
  readonly isOpen: boolean
  readonly revised: Revised | undefined
  readonly onOpen: (row: TapeRow) => void
}

const Row = memo(
  function Row({ row, top, index, isChosen, isOpen, revised, onOpen }: RowProps) {
    const text = rowText(row.print)
    const tone = text.sentiment.tone
    const isBig = row.print.premium >= BIG_PREMIUM
    const state = `${isChosen ? ' chosen' : ''}${isOpen ? ' open' : ''}`
    const gone = revised?.is_void === true ? ' gone' : ''
    return (
      <div
        class={`row print ${tone}${isBig ? ' big' : ''}${state}${gone}`}
        role="row"
        style={{ top: `${top}px` }}
        id={index >= 0 ? `row-${index}` : undefined}
        aria-rowindex={index >= 0 ? index + 2 : undefined}
        aria-selected={isChosen || isOpen}
        aria-label={spokenRow(text)}
        onMouseDown={({ button }) => {
          if (button === 0) onOpen(row)
        }}
      >
        <span role="gridcell" class="c-time">
          {text.time}
          <span class="ms">{text.ms}</span>
        </span>
        <span role="gridcell" class="c-symbol">
          {text.symbol}
        </span>
        <span role="gridcell" class="c-contract">
          <span class="expiry">{text.expiry}</span>
          <span class="strike">{text.strike}</span>
          <span class={`right ${text.right}`}>{text.right}</span>
        </span>
        <span role="gridcell" class={`c-side ${text.side.tone}`}>
          <i>{text.side.glyph}</i>
          {text.side.word}
        </span>
        <span role="gridcell" class="c-size num">
          {text.size}
          <span class="at">@</span>
          <span class="price">{text.price}</span>
        </span>
        <span role="gridcell" class="c-premium num">
          {text.premium}
        </span>
        <span role="gridcell" class={`c-type t-${row.print.trade_type}`}>
          <b>{text.type}</b>
        </span>
        <span role="gridcell" class={`c-sentiment ${tone}`}>
          <i>{text.sentiment.glyph}</i>
          {text.sentiment.word}
        </span>
        <span role="gridcell" class="c-venue">
          {text.venue}
        </span>
        <span role="gridcell" class="c-dte num">
          {text.dte}
        </span>
        <span role="gridcell" class="c-why">
          {revised !== undefined && (
            <em>{revised.is_void ? 'void' : `revised (${revised.reason})`} </em>
          )}
          {text.why}
        </span>
      </div>
    )
  },
  (a, b) =>
    a.row === b.row &&
    a.top === b.top &&
    a.index === b.index &&
    a.isChosen === b.isChosen &&
    a.isOpen === b.isOpen &&
    a.revised === b.revised,
)

/** How many prints came while the tape is held. */
export function HeldCount({ tape, since }: { readonly tape: LiveTape; readonly since: number }) {
  const redraw = useRedraw()
  useEffect(() => {
    const timer = setInterval(redraw, 250)
    return () => clearInterval(timer)
  }, [])
  return <span class="num">{countText(Math.max(0, tape.rows.added - since))} new</span>
}
