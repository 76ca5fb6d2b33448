import { SENTIMENT_TEXT } from '../../src/domain/labels.ts'
import type { ByWindow, Measured } from './measure.ts'
import type { EventScores } from './score-events.ts'
import { both, percent, table, whole, withInterval } from './tables.ts'

/** The main figures in words: of the best case and of the vendor's limit with REST. */
export function summaryPart(measured: readonly Measured[]): string {
  const [best, , limited] = measured as [Measured, Measured, Measured]
  const { sweeps, splits, coverage, side, sentiment } = limited
  const { hits, total } = coverage.none.premium
  const quoted = percent({ hits: total - hits, total })
  return `In short, of prints of 10 contracts or more, with 1,000 contracts quoted (what the vendor allows on one connection)
and REST:

- ${quoted} % of the premium that may have a side has a usable quote (${percent(coverage.rest.premium)} % by REST).
- A side, when given, is right on ${percent(side.precision.prints)} % of prints; ${percent(side.recall.premium)} % of premium with a side gets it.
- Of sweeps the engine finds ${percent(sweeps.events.recallInScope)} % (${percent(best.sweeps.events.recallInScope)} % with every contract quoted), of splits ${percent(splits.events.recallInScope)} % (${percent(best.splits.events.recallInScope)} %).
- Of what it calls a sweep, ${percent(sweeps.events.precision)} % is one (splits ${percent(splits.events.precision)} %); a shorter window makes that better, see below.
- BULLISH or BEARISH is said of ${percent(sentiment.opra.coverage.premium)} % of premium under \`opra\`, of ${percent(sentiment.seed.coverage.premium)} % under \`seed\`.`
}

/** The best case, and each limit as the engine runs with it: with REST. */
function chosenOf(measured: readonly Measured[]): readonly Measured[] {
  return measured.filter(({ name }) => name === 'all' || name.endsWith('REST'))
}

/** The sections on quotes, sweeps and splits. */
export function eventsPart(measured: readonly Measured[], windows: readonly ByWindow[]): string {
  const seedLegs = measured.reduce((sum, { seedLegs }) => sum + seedLegs, 0)
  return `## Quotes

Of the prints of 10 contracts or more whose conditions allow a side: % that had a usable quote, by prints / by premium.
feed: a quote that the engine had subscribed to; REST: one it asked for, and how many requests that took on all tapes.

${table(
  ['quoted', 'feed', 'REST', 'none', 'requests'],
  measured.map(({ name, lookups, coverage: { feed, rest, none } }) => [
    name,
    both(feed),
    both(rest),
    both(none),
    whole(lookups),
  ]),
)}

## Sweeps and splits

By event, % under \`opra\`. Precision: of the events the engine found, those that were one in truth (half of the legs or
more are of one true event). Recall: of the true events of 10 contracts or more together, those the engine found (half
of the legs or more in one event of that kind). Exact: the same legs, none missing, none too many. All: recall with
the small ones, which the rules leave out. Legs: precision / recall by print. A leg of less than $25,000 is not looked
up, so REST changes little here. \`seed\` calls a sweep only what carries the text SWEEP or MLTI, which the vendor does
not send, and knows no splits: in all situations together it found ${whole(seedLegs)} legs.

${table(
  ['kind', 'quoted', 'precision', 'recall', 'exact', 'all', 'legs'],
  (['sweeps', 'splits'] as const).flatMap((kind) =>
    chosenOf(measured).map((one) => [kind, one.name, ...eventCells(one[kind])]),
  ),
)}

With every contract quoted, a find that is none in truth is chance: unrelated prints of one contract and side, less than
the window apart. So the window decides, FLOW_SWEEP_WINDOW_MS (by event; true sweeps span 1 to 50 ms, true splits 1 to
200 ms; \`sweep_windows_ms\` in flow_events tells of each event at which windows it would still be a sweep):

${table(
  ['window', 'sweep precision', 'sweep recall', 'split precision', 'split recall'],
  windows.map(({ windowMs, sweeps, splits }) => [
    `${windowMs} ms`,
    withInterval(sweeps.events.precision),
    withInterval(sweeps.events.recallInScope),
    withInterval(splits.events.precision),
    withInterval(splits.events.recallInScope),
  ]),
)}`
}

function eventCells({ events, prints }: EventScores): string[] {
  return [
    withInterval(events.precision),
    withInterval(events.recallInScope),
    percent(events.exactInScope),
    percent(events.recall),
    `${percent(prints.precision)} / ${percent(prints.recallInScope)}`,
  ]
}

/** The sections on sides, sentiment and what the rule sets make of the same prints. */
export function sidesPart(measured: readonly Measured[]): string {
  const sidesDiffer = measured.reduce((sum, { sidesDiffer }) => sum + sidesDiffer, 0)
  const [{ multiLeg, stored }] = measured as [Measured]
  const chosen = chosenOf(measured)
  return `## Side

\`side\` BUY or SELL against the truth, on the ${whole(stored)} prints of 10 contracts or more (all of them are stored).
Precision: right among those signed; a sign on a print that was at the midpoint is wrong. Recall: signed rightly among
all that had a side in truth. Signed: among all. The rules give packages, crosses and late prints no side on purpose:
"allowed" leaves these out. By prints / by premium, %. Between the rule sets the side differed on ${whole(sidesDiffer)} prints.
A side that is wrong under a limit comes from a quote which the engine still held, for 5 s, of a contract that it had
just given up: what followed it was not sent any more.

${table(
  ['quoted', 'precision (prints)', 'by premium', 'recall', 'recall, allowed', 'signed'],
  measured.map(({ name, side, allowedSide }) => [
    name,
    withInterval(side.precision.prints),
    percent(side.precision.premium),
    both(side.recall),
    both(allowedSide.recall),
    both(side.coverage),
  ]),
)}

\`is_multi_leg\` against the packages of the tape: precision ${withInterval(multiLeg.precision)}, recall ${withInterval(multiLeg.recall)}:
the conditions say it, no quote is needed.

## Sentiment

BULLISH or BEARISH against the truth (a bought call and a sold put are bullish), same prints, by prints / by premium, %.
"Labelled" is how much is not NEUTRAL.

${table(
  ['quoted', 'rules', 'precision', 'recall', 'labelled'],
  chosen.flatMap(({ name, sentiment }) =>
    (['opra', 'seed'] as const).map((rules) => [
      name,
      rules,
      both(sentiment[rules].precision),
      both(sentiment[rules].recall),
      both(sentiment[rules].coverage),
    ]),
  ),
)}

What \`seed\` (lines) says against \`opra\` (columns), % of all prints / of all premium. NEUTRAL is what \`seed\` leaves open.

${table(
  ['quoted', '`seed`', ...SENTIMENT_TEXT],
  chosen.slice(0, 2).flatMap(({ name, crossTab }) => crossTab.map((cells) => [name, ...cells])),
)}

## Customer side

\`customer_side\` answers another question: what the end user did, also by a limit order that somebody else hit. The tape
knows only who crossed the spread. So this is no test of the published rules, it shows how often they agree with the
aggressor here. Prints that may have a side, by prints / by premium, %; a sign on a midpoint print counts as wrong.

${table(
  ['quoted', 'precision', 'recall', 'signed'],
  chosen.map(({ name, customer }) => [
    name,
    both(customer.precision),
    both(customer.recall),
    both(customer.coverage),
  ]),
)}

By rule: the confidence that the engine states (published, customer trades of the ISE), and the share that agreed with
the truth on this tape, of prints that have a side in truth. \`depth_best\` is not there: it decides only at the midpoint,
where this tape has no side.

${table(['rule', 'stated', ...chosen.map(({ name }) => name)], calibrationRows(chosen))}`
}

function calibrationRows(measured: readonly Measured[]): string[][] {
  const all = measured.flatMap(({ calibration }) => calibration)
  const rules = new Map(all.map(({ rule, stated }) => [rule, stated]))
  return [...rules].map(([rule, stated]) => [
    rule,
    (100 * stated).toFixed(1),
    ...measured.map(({ calibration }) => {
      const own = calibration.find((one) => one.rule === rule)
      return own === undefined ? '-' : withInterval(own.right)
    }),
  ])
}
