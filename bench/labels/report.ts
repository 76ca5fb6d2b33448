import { measure, measureWindows } from './measure.ts'
import { realTapesPart } from './real-tapes.ts'
import { ANSWER_MS, REST_PER_SECOND, SITUATIONS, SUBSCRIBE_MS } from './situations.ts'
import { labelledTape, type Step } from './synthetic.ts'
import { eventsPart, sidesPart, summaryPart } from './synthetic-part.ts'
import { whole } from './tables.ts'

export type ReportOptions = {
  /** Of the synthetic tapes, one each. */
  readonly seeds: readonly number[]
  /** Of each of them. */
  readonly prints: number
}

/** What `npm run report:labels` measures: some 20 seconds. */
export const FULL: ReportOptions = { seeds: [1, 2, 3], prints: 50_000 }

/** The document as Markdown. Looks at no clock: the same code gives the same bytes. */
export async function labelsReport({ seeds, prints }: ReportOptions): Promise<string> {
  const tapes = seeds.map((seed) => labelledTape(seed, prints))
  const contracts = tapes.map(({ steps }) => new Set(steps.map(tickerOf)).size)
  const measured = SITUATIONS.map((situation) => measure(tapes, situation))
  const windows = measureWindows(tapes, SITUATIONS[0]!)
  return `# How right the labels are

Written by \`npm run report:labels\`; the same commit gives the same document. Do not edit it by hand.

A synthetic tape knows of each of its prints whether it is a leg of a sweep, a split or a package, and who crossed
the spread. The engine does not get to see this. This page compares its labels with that truth, for both rule sets,
and then looks at recorded tapes, which bear no truth. **Precision** is how often a label is right when it is given,
**recall** how much of what is there gets the right label, **coverage** how much gets a label at all, all in percent.
Numbers in brackets are 95 % intervals (Wilson), as if prints were independent; legs of one event are not, so take them
as a little too narrow. By premium a few large prints weigh much.

${summaryPart(measured)}

## How it is made

- Tape: ${seeds.length} tapes (seeds ${seeds.join(', ')}) of ${whole(prints)} prints each, 200 prints a second and two quotes a print, SPX, NDX, SPY, QQQ
  and IWM, no cancels, no resends: ${whole(prints / 200)} s of market each, in ${contracts.map(whole).join('; ')} contracts.
- Engine: its own decoder, router and classifier, one shard, defaults (FLOW_MIN_SIZE 10, FLOW_SWEEP_WINDOW_MS 500,
  FLOW_QUOTE_MAX_AGE_MS 5000, FLOW_LOOKUP_PREMIUM 25000).
- **all**: the engine gets every quote. The vendor does not sell this; it is the best case.
- **1,000** and **100**: quotes of at most so many contracts at a time on one connection, those that the engine's planner
  asks for, from an empty start. The vendor sends them from ${SUBSCRIBE_MS} ms after the request on, and nothing of before it.
- **+ REST**: prints of $25,000 or more without a usable quote have their NBBO asked for, at most ${REST_PER_SECOND} requests a second.
  The answer, from the tape's full history, arrives ${ANSWER_MS} ms after the print.

${eventsPart(measured, windows)}

${sidesPart(measured)}

## Recorded tapes

They bear no truth for sides, sweeps or splits, so there is no precision or recall here, only what the engine made of
them. All prints are stored (FLOW_MIN_SIZE 1), because the tapes are small.

${await realTapesPart()}

## What this does not tell

- The synthetic truth is a model: sizes, conditions and venues follow the real tape, but who trades and why is drawn,
  and a true sweep is always a tidy one. Real precision is not known.
- On it a side is a price at, inside or through the quote just sent, so that with the right quote the side is nearly
  always right. The real NBBO flickers, and quotes arrive out of order.
- What a limit costs depends on how many contracts trade at once and how unevenly; on this tape that is drawn. The
  start of each tape counts too, when nothing is quoted yet. So does the chance that unrelated prints meet in one
  window: it grows with the prints a second in one contract.
- Each recorded tape has one contract or one venue; they are examples, no sample of the market.
`
}

function tickerOf({ events }: Step): string {
  return events.find(({ kind }) => kind === 'T')!.contract.ticker
}
