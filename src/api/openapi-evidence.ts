import type {
  AverageEvidence,
  CancelFacts,
  ConditionEvidence,
  ConditionsEvidence,
  EventVersion,
  Evidence,
  Explained,
  LegEvidence,
  OtherPrint,
  PercentilesEvidence,
  QuoteEvidence,
  Reason,
  WindowEvidence,
} from '../domain/evidence.ts'
import {
  type Described,
  dollars,
  flag,
  list,
  number,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
  time,
  whole,
} from './openapi-schema.ts'

const BECAUSE = text('the rule with its numbers, in plain words')
const FOLLOWS = flag('whether the rule, applied once more, gives the stored label')

const REASON: Described<Reason> = {
  label: { type: ['string', 'boolean'], description: 'the label of the row' },
  rule: text('name of the rule that gave it'),
  because: BECAUSE,
  follows: orNull(FOLLOWS),
}
const reason = (): Schema => ref('Reason')

type Usable = Extract<QuoteEvidence, { usable: true }>
type Unusable = Extract<QuoteEvidence, { usable: false }>
type Stored = Extract<Explained, { status: 'stored' }>
type Cancelled = Extract<Explained, { status: 'cancelled' }>

const QUOTE: Schema = {
  anyOf: [
    object<Usable>({
      usable: { const: true },
      bid: dollars('bid'),
      ask: dollars('ask'),
      bidSize: orNull(whole('contracts')),
      askSize: orNull(whole('contracts')),
      ageMs: orNull(number('age at the print, ms')),
      source: orNull(text('feed or rest')),
      mid: dollars('midpoint'),
      spread: dollars('ask less bid'),
      isAboveAsk: flag('price above the ask'),
      isBelowBid: flag('price below the bid'),
    }),
    object<Unusable>({ usable: { const: false }, because: BECAUSE }),
  ],
}

const LEG = {
  timestamp: time("the vendor's time"),
  arrival: whole('number within contract and day'),
  price: dollars('price'),
  size: whole('contracts'),
  exchange: orNull(text('acronym')),
}

const VERSION: Described<EventVersion> = {
  revision: whole('number of the version, from 1'),
  reason: text('why there is this version'),
  why: orNull(text('why it is an event')),
  kind: text('SWEEP, SPLIT or BLOCK'),
  side: text('side'),
  sentiment: text('sentiment'),
  startedAt: time('first leg'),
  endedAt: time('last leg'),
  spanMs: whole('ms'),
  legCount: whole('prints'),
  totalSize: whole('contracts'),
  totalPremium: dollars('premium'),
  vwap: orNull(dollars('mean price by size')),
  exchanges: list(text('acronym')),
  sweepWindowsMs: list(whole('ms'), 'windows at which it would still be a sweep'),
  isVoid: flag('no print is left'),
  recordedAt: time('when it was written'),
}

const WINDOW: Described<WindowEvidence> = {
  eventId: text('name of the event'),
  legsAtClose: orNull(whole('legs when the window closed')),
  spanMsAtClose: orNull(whole('ms')),
  legs: list(
    object<LegEvidence>({
      sequence: orNull(whole("the vendor's sequence")),
      ...LEG,
      isThis: flag('the print that was asked about'),
    }),
  ),
  exchanges: list(text('acronym')),
  event: orNull(ref('EventVersion')),
  earlier: list(ref('EventVersion')),
}

const CONDITIONS: Described<ConditionsEvidence> = {
  conditions: list(
    object<ConditionEvidence>({
      text: text('as stored'),
      id: orNull(whole("the vendor's id")),
      name: orNull(text('name of the condition')),
      group: text('group of the policy'),
    }),
  ),
  group: text('the group that decided'),
  side: oneOf(['from quote', 'UNKNOWN'], 'where the side comes from'),
  mayBeLeg: flag('may be a leg of a sweep or split'),
  isMultiLeg: flag('multi-leg'),
  isLate: flag('late'),
  because: BECAUSE,
}

const EVIDENCE: Described<Evidence> = {
  rules: object<Evidence['rules']>({
    set: orNull(oneOf(['opra', 'seed'], 'rule set')),
    revision: whole('revisions of the row'),
    because: BECAUSE,
  }),
  quote: QUOTE,
  side: reason(),
  sentiment: reason(),
  aggressiveness: reason(),
  customerSide: object<Evidence['customerSide']>({
    ...REASON,
    confidence: orNull(number('how often the rule is right, 0 to 1')),
    note: text('what this side is'),
  }),
  average: object<AverageEvidence>({
    size: orNull(number('contracts')),
    prints: whole('prints in the mean'),
    scope: orNull(text('contract or underlying')),
    largeFrom: orNull(whole('contracts from which a print is large')),
    blockFrom: orNull(whole('contracts from which a print is a block')),
    because: BECAUSE,
  }),
  percentiles: object<PercentilesEvidence>({
    size: orNull(number('percent')),
    premium: orNull(number('percent')),
    sample: orNull(whole('prints')),
    because: BECAUSE,
  }),
  conditions: object<ConditionsEvidence>(CONDITIONS),
  tradeType: reason(),
  isSweep: reason(),
  isBlock: reason(),
  window: orNull(ref('Window')),
  unusualVolume: object<Evidence['unusualVolume']>({
    ...REASON,
    dayVolume: orNull(whole('contracts')),
    openInterest: orNull(whole('contracts')),
  }),
  premium: object<Evidence['premium']>({
    dollars: dollars('premium'),
    multiplier: whole('shares a contract'),
    because: BECAUSE,
    follows: FOLLOWS,
  }),
  underlying: object<Evidence['underlying']>({
    price: orNull(dollars('price')),
    source: orNull(text('where it came from')),
    because: BECAUSE,
  }),
  dte: object<Evidence['dte']>({ days: whole('days'), because: BECAUSE, follows: FOLLOWS }),
  latency: object<Evidence['latency']>({
    ms: orNull(number('ms from the print to its receipt')),
    because: BECAUSE,
  }),
}

const CANCEL: Described<CancelFacts> = {
  timestamp: time("the cancel's time"),
  sequence: orNull(whole("the vendor's sequence")),
  receivedAt: orNull(time('when it was received')),
  price: dollars('price'),
  size: whole('contracts'),
  exchange: orNull(text('acronym')),
  removed: {
    ...object<NonNullable<CancelFacts['removed']>>({
      timestamp: time('of the print that it took away'),
      sequence: orNull(whole('its sequence')),
    }),
    type: ['object', 'null'],
  },
  wasStored: flag('whether that print was in the table'),
  because: BECAUSE,
}

export const EVIDENCE_SCHEMAS = {
  Reason: object<Reason>(REASON, 'a label and the rule that gave it'),
  EventVersion: object<EventVersion>(VERSION),
  Window: object<WindowEvidence>(WINDOW, 'the sweep, split or block that a print belongs to'),
  Evidence: object<Evidence>(EVIDENCE, 'what each label of a print rests on'),
  Cancel: object<CancelFacts>(CANCEL),
  Explained: {
    anyOf: [
      object<Stored>({
        status: { const: 'stored' },
        trade: ref('StoredPrint'),
        evidence: ref('Evidence'),
        others: list(object<OtherPrint>(LEG), 'other prints of the same contract and sequence'),
        cancels: list(ref('Cancel')),
      }),
      object<Cancelled>({ status: { const: 'cancelled' }, cancels: list(ref('Cancel')) }),
    ],
  } satisfies Schema,
} as const
