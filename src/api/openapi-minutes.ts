import type { Minute, Minutes } from './minutes.ts'
import { type Described, dollars, list, object, ref, text, time, whole } from './openapi-schema.ts'

const MINUTE: Described<Minute> = {
  time: time('begin of the minute'),
  trades: whole('stored prints'),
  premium: dollars('premium of them all'),
  bullishPremium: dollars('of those that are bullish'),
  bearishPremium: dollars('of those that are bearish; net premium is the difference'),
}

export const MINUTES_SCHEMAS = {
  Minute: object<Minute>(MINUTE, 'what the stored prints of one minute come to'),
  Minutes: object<Minutes>({
    symbol: text('underlying'),
    from: time('begin of the first minute'),
    to: time('end of the last minute'),
    minutes: list(ref('Minute')),
  }),
} as const
