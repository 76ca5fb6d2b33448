import { useEffect, useMemo, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Api } from './api.ts'
import type { Gap } from './banners.ts'
import { SPANS, type SpanName } from './context.ts'
import { netText, timeText } from './format.ts'
import { usePoll } from './hooks.ts'
import { boundsOf, type ChartData, type ChartMinute, chartData } from './minutes.ts'
import { netSign } from './row-text.ts'

const ASK_MS = 5000
const SPAN_SECONDS_MIN = 15 * 60
const HEIGHT = 210

type Props = {
  readonly api: Api
  readonly epoch: number
  readonly symbol: string
  readonly span: SpanName
  readonly onSpan: (span: SpanName) => void
  readonly gaps: readonly Gap[]
  /** Changes with the colours. */
  readonly theme: string
}

/** Net premium of one underlying: by minute as bars, added up as a line. */
export function Chart({ api, epoch, symbol, span, onSpan, gaps, theme }: Props) {
  const { ms } = SPANS.find(({ name }) => name === span)!
  const path = `/api/minutes/${encodeURIComponent(symbol)}`
  // the window moves on with the time
  const window = (): string => `?from=${Date.now() - ms}`
  const { data } = usePoll<{ minutes: readonly ChartMinute[] }>(
    ...([api, path, ASK_MS, `${epoch} ${ms}`, window] as const),
  )
  const columns = useMemo(() => chartData(data?.minutes ?? [], Date.now()), [data])
  const net = columns[2].at(-1) ?? 0
  const sign = netSign(net)
  return (
    <section class="chart" aria-label="Net premium">
      <header>
        <h2>{symbol} net premium</h2>
        <span class={`num lean ${sign.tone}`}>
          <i aria-hidden="true">{sign.glyph}</i>
          {netText(net)}
        </span>
        <fieldset class="several spans">
          <legend class="unseen">Window of cards and chart</legend>
          {SPANS.map(({ name, text }) => (
            <button
              type="button"
              key={name}
              aria-pressed={name === span}
              onClick={() => onSpan(name)}
            >
              {text}
            </button>
          ))}
        </fieldset>
      </header>
      {columns[0].length === 0 ? (
        <p class="empty">No stored print of {symbol} in this window yet.</p>
      ) : (
        <Plot
          columns={columns}
          gaps={gaps}
          theme={theme}
          label={
            `${symbol}: net premium ${netText(net)} since ` +
            `${timeText(columns[0][0]! * 1000)} Eastern time`
          }
        />
      )}
      <p class="chart-key">
        <span class="key-line" /> added up <span class="key-bar" /> each minute, above zero bullish,
        below bearish; shaded: gap
      </p>
    </section>
  )
}

type Shown = { readonly columns: ChartData; readonly gaps: readonly Gap[] }

type PlotProps = Shown & {
  readonly theme: string
  readonly label: string
}

function Plot({ columns, gaps, theme, label }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const shown = useRef({ columns, gaps })
  shown.current = { columns, gaps }
  useEffect(() => {
    const place = box.current!
    const made = new uPlot(
      optionsOf(place, () => shown.current),
      aligned(columns),
      place,
    )
    plot.current = made
    const observer = new ResizeObserver(() => {
      made.setSize({ width: place.clientWidth, height: HEIGHT })
    })
    observer.observe(place)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [theme])
  useEffect(() => plot.current?.setData(aligned(columns)), [columns, gaps])
  return <div class="plot" role="img" aria-label={label} ref={box} />
}

/** Bars that go up and bars that go down are two series, for each has its colour. */
function aligned([times, nets, totals]: ChartData): uPlot.AlignedData {
  const up = nets.map((net) => (net > 0 ? net : null))
  const down = nets.map((net) => (net < 0 ? net : null))
  return [times, up, down, totals]
}

function optionsOf(box: HTMLElement, shown: () => Shown): uPlot.Options {
  const [text, grid, up, down, line, shade] = [
    ...['--dim', '--line', '--up-fill', '--down-fill', '--accent', '--shade'],
  ].map((name) => colourOf(box, name))
  const axis: uPlot.Axis = {
    ...{ stroke: text!, font: '11px system-ui, sans-serif' },
    grid: { stroke: grid!, width: 1 },
    ticks: { show: false },
  }
  const dollars = (_: uPlot, values: number[]): string[] => values.map(shortText)
  const bars = uPlot.paths.bars!({ size: [0.8, 12] })
  const bar = (colour: string): uPlot.Series => ({
    ...{ scale: 'net', fill: colour, width: 0, paths: bars, points: { show: false } },
  })
  return {
    ...{ width: box.clientWidth, height: HEIGHT, legend: { show: false } },
    padding: [8, 0, 0, 0],
    cursor: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'America/New_York'),
    scales: {
      x: { range: (_, min, max) => [Math.min(min, max - SPAN_SECONDS_MIN) - 30, max + 30] },
      net: { range: () => boundsOf(shown().columns).net },
      total: { range: () => boundsOf(shown().columns).total },
    },
    series: [
      {},
      bar(up!),
      bar(down!),
      { ...{ scale: 'total', stroke: line!, width: 2, points: { show: false } } },
    ],
    axes: [
      {
        ...axis,
        size: 26,
        values: (_, times) => times.map((time) => timeText(time * 1000).slice(0, 5)),
      },
      { ...axis, scale: 'total', size: 52, values: dollars },
      { ...axis, scale: 'net', side: 1, size: 52, values: dollars, grid: { show: false } },
    ],
    hooks: { drawClear: [(plot) => shadeGaps(plot, shown().gaps, shade!)] },
  }
}

function shortText(dollars: number): string {
  const size = Math.abs(dollars)
  const sign = dollars < 0 ? '\u2212' : ''
  if (size >= 1e6) return `${sign}${+(size / 1e6).toFixed(1)}M`
  return size >= 1e3 ? `${sign}${+(size / 1e3).toFixed(0)}K` : `${sign}${size}`
}

function shadeGaps(plot: uPlot, gaps: readonly Gap[], colour: string): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.fillStyle = colour
  for (const { started_at, ended_at } of gaps) {
    const right = bbox.left + bbox.width
    const to = ended_at === null ? right : plot.valToPos(ended_at / 1000, 'x', true)
    const x = Math.max(bbox.left, plot.valToPos(started_at / 1000, 'x', true))
    const width = Math.max(2, Math.min(to, right) - x)
    if (x < right && to > bbox.left) ctx.fillRect(x, bbox.top, width, bbox.height)
  }
  ctx.restore()
}

/** A custom property as the canvas takes it. */
function colourOf(box: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  box.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
