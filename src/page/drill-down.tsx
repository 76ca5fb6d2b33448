import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { CancelFacts, Evidence, Explained, Reason } from '../domain/evidence.ts'
import type { LivePrint } from '../domain/live-flow.ts'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'
import { Legs } from './drill-legs.tsx'
import { countText, dateText, priceText, timeText } from './format.ts'
import { rowText, titled } from './row-text.ts'

/** A print is told before it is stored: it is asked for again. */
const TRIES = 40
const AGAIN_MS = 500

type Props = { readonly api: Api; readonly print: LivePrint; readonly onClose: () => void }

/** One print with its labels, what each rests on, and the legs of its event. */
export function DrillDown({ api, print, onClose }: Props) {
  const [found, setFound] = useState<Explained | ApiError | null>(null)
  const { contract_ticker: ticker, sequence, timestamp, event_id } = print
  useEffect(() => {
    let isOver = false
    setFound(null)
    const ask = async (left: number): Promise<void> => {
      try {
        const date = dateText(timestamp)
        const path = `/api/trades/${encodeURIComponent(ticker)}/${sequence}?date=${date}`
        const explained = await api.get<Explained>(path)
        if (!isOver) setFound(explained)
      } catch (error) {
        if (isOver || !(error instanceof ApiError)) return
        if (error.status === 404 && left > 1) setTimeout(() => void ask(left - 1), AGAIN_MS)
        else setFound(error)
      }
    }
    if (sequence !== null) void ask(TRIES)
    return () => {
      isOver = true
    }
  }, [api, ticker, sequence, timestamp])
  const text = rowText(print)
  return (
    <aside class="drill" aria-label="Chosen print">
      <header>
        <h2>
          {text.symbol} {text.expiry} {text.strike} {text.right === 'C' ? 'call' : 'put'}
        </h2>
        <button type="button" onClick={onClose} aria-label="Close (Esc)">
          {'\u00d7'}
        </button>
      </header>
      <p class="drill-sum num">
        <strong>
          {text.size} @ {text.price}
        </strong>{' '}
        {text.premium}, {text.time}
        {text.ms} ET, {text.venue}
      </p>
      {sequence === null && <p>This print has no sequence, so its evidence cannot be asked for.</p>}
      {found === null && sequence !== null && <p class="dim">asking for the evidence</p>}
      {found instanceof ApiError && <p role="alert">{found.message}</p>}
      {found !== null && 'status' in found && !(found instanceof ApiError) && (
        <Answer explained={found} eventId={event_id} />
      )}
      <p class="dim ticker">
        {ticker} sequence {sequence ?? 'none'}
      </p>
    </aside>
  )
}

function Answer({ explained, eventId }: { explained: Explained; eventId: string | null }) {
  if (explained.status === 'cancelled') return <Cancels cancels={explained.cancels} />
  const { evidence, cancels } = explained
  return (
    <>
      {cancels.length > 0 && <Cancels cancels={cancels} />}
      <Labels evidence={evidence} />
      {evidence.window !== null && <Legs window={evidence.window} />}
      {evidence.window === null && eventId !== null && (
        <p class="dim">Its event is not stored yet.</p>
      )}
      <Rest evidence={evidence} />
    </>
  )
}

function Cancels({ cancels }: { readonly cancels: readonly CancelFacts[] }) {
  return (
    <div role="alert">
      {cancels.map((cancel) => (
        <p key={cancel.timestamp}>
          Cancelled at {timeText(cancel.timestamp, 3)} ET: {cancel.because}
        </p>
      ))}
    </div>
  )
}

function Labels({ evidence }: { readonly evidence: Evidence }) {
  const { customerSide } = evidence
  const sure = customerSide.confidence
  return (
    <dl class="labels">
      <Label name="Side" reason={evidence.side} />
      <Label name="Sentiment" reason={evidence.sentiment} />
      <Label name="Type" reason={evidence.tradeType} />
      <Label name="Aggression" reason={evidence.aggressiveness} />
      <Label name="Customer" reason={customerSide}>
        {sure !== null && <span class="dim"> {(sure * 100).toFixed(0)}% sure</span>}
      </Label>
      <Label name="Volume" reason={evidence.unusualVolume} />
    </dl>
  )
}

type LabelProps = {
  readonly name: string
  readonly reason: Reason
  readonly children?: ComponentChildren
}

function Label({ name, reason, children }: LabelProps) {
  const { label } = reason
  const text = typeof label === 'string' ? titled(label) : label ? 'Unusual' : 'Usual'
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{text}</strong>
        {children}
        <span class="because">{reason.because}</span>
        {reason.follows === false && <em>does not follow from the stored row</em>}
      </dd>
    </div>
  )
}

function Rest({ evidence }: { readonly evidence: Evidence }) {
  const { quote, average, percentiles, conditions, premium, underlying, latency, rules } = evidence
  return (
    <dl class="labels facts">
      <Fact name="Quote" because={quote.usable ? `age ${quote.ageMs ?? '?'} ms` : quote.because}>
        {quote.usable &&
          `${priceText(quote.bid)} x ${priceText(quote.ask)}, ` +
            `${sizeText(quote.bidSize)} x ${sizeText(quote.askSize)}`}
      </Fact>
      <Fact name="Average" because={average.because} />
      <Fact name="Percentile" because={percentiles.because} />
      <Fact name="Conditions" because={conditions.because}>
        {conditions.conditions.map(({ text, name }) => name ?? text).join(', ')}
      </Fact>
      <Fact name="Premium" because={premium.because} />
      <Fact name="Underlying" because={underlying.because} />
      <Fact name="DTE" because={evidence.dte.because} />
      <Fact name="Latency" because={latency.because} />
      <Fact name="Rules" because={rules.because} />
    </dl>
  )
}

type FactProps = {
  readonly name: string
  readonly because: string
  readonly children?: ComponentChildren
}

function Fact({ name, because, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children !== undefined && children !== false && <span class="num">{children} </span>}
        <span class="because">{because}</span>
      </dd>
    </div>
  )
}

function sizeText(size: number | null): string {
  return size === null ? '?' : countText(size)
}
