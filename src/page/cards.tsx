import type { Api } from './api.ts'
import type { FlowContext } from './context.ts'
import { durationText, netText, premiumText, timeText } from './format.ts'
import { usePoll } from './hooks.ts'
import { sentimentSign, titled } from './row-text.ts'

const ASK_MS = 5000

type Props = {
  readonly api: Api
  readonly epoch: number
  readonly symbols: readonly string[]
  readonly span: string
  readonly chosen: string | null
  readonly onChoose: (symbol: string) => void
}

/** A card for each underlying with what its flow says. */
export function Cards({ symbols, ...rest }: Props) {
  return (
    <section class="cards" aria-label="Underlyings">
      {symbols.map((symbol) => (
        <Card key={symbol} symbol={symbol} {...rest} />
      ))}
    </section>
  )
}

type CardProps = Omit<Props, 'symbols'> & { readonly symbol: string }

function Card({ api, epoch, symbol, span, chosen, onChoose }: CardProps) {
  const path = `/api/flow/${encodeURIComponent(symbol)}?window=${span}`
  const { data, error, at } = usePoll<FlowContext>(api, path, ASK_MS, epoch)
  const sign = sentimentSign(data?.sentiment ?? '')
  return (
    <button
      type="button"
      class={`card ${data === null ? 'flat' : sign.tone}`}
      aria-pressed={symbol === chosen}
      onClick={() => onChoose(symbol)}
    >
      <span class="card-head">
        <strong>{symbol}</strong>
        {data !== null && (
          <span class={`lean ${sign.tone}`}>
            <i aria-hidden="true">{sign.glyph}</i>
            {sign.word}
          </span>
        )}
      </span>
      {data === null ? (
        <span class="card-none">
          {error === null ? 'asking' : error.status === 404 ? 'no flow yet' : 'no answer'}
        </span>
      ) : (
        <Figures context={data} oldSince={error === null ? null : at} />
      )}
    </button>
  )
}

type FiguresProps = {
  readonly context: FlowContext
  /** When it was last answered, epoch ms; null: a moment ago. */
  readonly oldSince: number | null
}

function Figures({ context, oldSince }: FiguresProps) {
  const { netPremium, totalPremium, putCallPremiumRatio, sweepCount, blockCount } = context
  const callShare = totalPremium > 0 ? (context.callPremium / totalPremium) * 100 : 0
  return (
    <>
      <span class="card-net num">{netText(netPremium)}</span>
      <span class="card-of">net of {premiumText(totalPremium)}</span>
      <span
        class="card-bar"
        role="img"
        aria-label={`calls ${callShare.toFixed(0)} percent of premium`}
      >
        <span style={{ width: `${callShare}%` }} />
      </span>
      <span class="card-figures">
        <Figure name="P/C" value={putCallPremiumRatio?.toFixed(2) ?? '\u2013'} />
        <Figure name="Sweeps" value={`${sweepCount}`} />
        <Figure name="Blocks" value={`${blockCount}`} />
        <Figure name="Inst." value={context.institutionalScore.toFixed(0)} />
        <Figure name="Conf." value={context.confidence.toFixed(0)} />
      </span>
      <span class="card-foot">
        {oldSince !== null
          ? `no answer since ${timeText(oldSince)}`
          : context.isStale
            ? `stale, ${durationText(context.dataAge)} old`
            : titled(context.recommendation)}
        {context.gaps.length > 0 && <em> gap inside</em>}
      </span>
    </>
  )
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <span class="figure">
      <span>{name}</span>
      <span class="num">{value}</span>
    </span>
  )
}
