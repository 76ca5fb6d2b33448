import { useEffect, useRef, useState } from 'preact/hooks'
import { SENTIMENT_TEXT, SIDE_TEXT, TRADE_TYPE_TEXT } from '../domain/labels.ts'
import {
  areSymbols,
  daysOf,
  dollarsOf,
  type Filter,
  NO_FILTER,
  setCount,
  symbolsOf,
} from './filter.ts'
import { sentimentSign, sideSign, titled } from './row-text.ts'

type Props = {
  readonly filter: Filter
  readonly onChange: (filter: Filter) => void
}

/** The filters of the tape; on a phone they fold away. */
export function Filters({ filter, onChange }: Props) {
  const [isOpen, setOpen] = useState(false)
  const count = setCount(filter)
  const set = (part: Partial<Filter>): void => onChange({ ...filter, ...part })
  return (
    <search class={`filters ${isOpen ? 'unfolded' : ''}`} aria-label="Filters of the tape">
      <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Filters{count > 0 ? ` (${count})` : ''}
      </button>
      <div class="fields">
        <Text
          name="symbol"
          label="Symbols"
          hint="all"
          width={13}
          value={filter.symbols.join(' ')}
          reads={areSymbols}
          onText={(text) => set({ symbols: symbolsOf(text) })}
        />
        <Several
          label="Type"
          all={TRADE_TYPE_TEXT}
          chosen={filter.types}
          onChosen={(types) => set({ types })}
        />
        <Several
          label="Side"
          all={SIDE_TEXT}
          sign={(side) => sideSign(side).glyph}
          text={(side) => sideSign(side).word}
          chosen={filter.sides}
          onChosen={(sides) => set({ sides })}
        />
        <Several
          label="Sentiment"
          all={SENTIMENT_TEXT}
          sign={(sentiment) => sentimentSign(sentiment).glyph}
          chosen={filter.sentiments}
          onChosen={(sentiments) => set({ sentiments })}
        />
        <Several
          label="Right"
          all={['call', 'put']}
          text={(right) => (right === 'call' ? 'Call' : 'Put')}
          chosen={filter.right === null ? [] : [filter.right]}
          onChosen={(rights) => set({ right: rights.length === 1 ? rights[0]! : null })}
        />
        <Text
          name="minPremium"
          label="Premium from"
          hint="100k"
          width={7}
          value={filter.minPremium === 0 ? '' : `${filter.minPremium}`}
          reads={(text) => dollarsOf(text) !== null}
          onText={(text) => set({ minPremium: dollarsOf(text) ?? 0 })}
        />
        <fieldset class="range">
          <legend>DTE</legend>
          <Text
            name="dteMin"
            label="DTE from"
            isBare
            hint="0"
            width={4}
            value={`${filter.dteMin ?? ''}`}
            reads={(text) => daysOf(text) !== null}
            onText={(text) => set({ dteMin: daysOf(text) })}
          />
          <span aria-hidden="true">to</span>
          <Text
            name="dteMax"
            label="DTE to"
            isBare
            hint="any"
            width={4}
            value={`${filter.dteMax ?? ''}`}
            reads={(text) => daysOf(text) !== null}
            onText={(text) => set({ dteMax: daysOf(text) })}
          />
        </fieldset>
        {count > 0 && (
          <button type="button" class="clear" onClick={() => onChange(NO_FILTER)}>
            Clear
          </button>
        )}
      </div>
    </search>
  )
}

type TextProps = {
  readonly name: string
  readonly label: string
  readonly hint: string
  readonly width: number
  readonly value: string
  /** The label is only for who hears the page. */
  readonly isBare?: boolean
  /** Whether a text that is not empty can be read. */
  readonly reads: (text: string) => boolean
  readonly onText: (text: string) => void
}

/**
 * Takes what was typed on Enter, or when the field is left. What cannot be read is marked, and the
 * filter stays as it is.
 */
function Text({ name, label, hint, width, value, isBare = false, reads, onText }: TextProps) {
  const input = useRef<HTMLInputElement>(null)
  const [isWrong, setWrong] = useState(false)
  useEffect(() => {
    if (input.current !== null) input.current.value = value
    setWrong(false)
  }, [value])
  const take = (): void => {
    const text = input.current!.value
    const isRead = text.trim() === '' || reads(text)
    setWrong(!isRead)
    if (isRead) onText(text)
  }
  return (
    <label class="text">
      {!isBare && <span>{label}</span>}
      <input
        ref={input}
        name={name}
        placeholder={hint}
        defaultValue={value}
        size={width}
        autocomplete="off"
        spellcheck={false}
        aria-label={isBare ? label : undefined}
        aria-invalid={isWrong}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take()
        }}
      />
    </label>
  )
}

type SeveralProps = {
  readonly label: string
  readonly all: readonly string[]
  readonly chosen: readonly string[]
  readonly sign?: (value: string) => string
  readonly text?: (value: string) => string
  readonly onChosen: (values: readonly string[]) => void
}

/** None pressed lets all through. */
function Several({ label, all, chosen, sign, text = titled, onChosen }: SeveralProps) {
  return (
    <fieldset class="several">
      <legend>{label}</legend>
      {all.map((value) => {
        const isOn = chosen.includes(value)
        return (
          <button
            type="button"
            key={value}
            aria-pressed={isOn}
            onClick={() => {
              onChosen(all.filter((one) => (one === value ? !isOn : chosen.includes(one))))
            }}
          >
            {sign !== undefined && <i aria-hidden="true">{sign(value)}</i>}
            {text(value)}
          </button>
        )
      })}
    </fieldset>
  )
}
