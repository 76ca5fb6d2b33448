import type { SyntheticEvent } from './synthetic.ts'

/** An event as the vendor writes it. */
export function eventJson(event: SyntheticEvent): string {
  const { contract, time, sequence } = event
  if (event.kind === 'Q') {
    return (
      `{"ev":"Q","sym":"${contract.ticker}","bx":${event.bidExchange},"ax":${event.askExchange}` +
      `,"bp":${event.bid / 100},"ap":${event.ask / 100},"bs":${event.bidSize},"as":${event.askSize}` +
      `,"t":${time},"q":${sequence}}`
    )
  }
  const conditions = event.condition === 0 ? '' : `,"c":[${event.condition}]`
  return (
    `{"ev":"T","sym":"${contract.ticker}","x":${event.exchange},"p":${event.price / 100}` +
    `,"s":${event.size}${conditions},"t":${time},"q":${sequence}}`
  )
}
