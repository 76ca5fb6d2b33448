import { SENTIMENT_TEXT } from '../../src/domain/labels.ts'
import type { ByWindow, Measured } from './measure.ts'
import type { EventScores } from './score-events.ts'
import { both, percent, table, whole, withInterval } from './tables.ts'

/** The sections on quotes, sweeps and splits. */
export function eventsPart(measured: readonly Measured[], windows: readonly ByWindow[]): string {
  const seedLegs = measured.reduce((sum, { seedLegs }) => sum + seedLegs, 0)
  return `## Quotes

Of the prints of 10 contracts or more whose conditions allow a side: % that had a usable quote, by
prints / by premium. \`feed\`: a quote that the engine had subscribed to; REST: one it asked for.

${table(
  ['quoted', 'feed', 'REST', 'none'],
  measured.map(({ name, coverage: { feed, rest, none } }) => [
    name,
    both(feed),
    both(rest),
    both(none),
  ]),
)}

## Sweeps and splits

By event. Precision: of the sweeps the engine found, those that were one in truth (half of its legs
or more are of one true sweep). Recall: of the true sweeps of 10 contracts or more together, those
the engine found (half of the legs or more in one sweep of the engine). Exact: the same legs, none
missing, none too many. Recall of all counts the small ones too, which the rules leave out.
All in % under \`opra\`. \`seed\` calls a sweep only what carries the text SWEEP or MLTI, which the
vendor does not send, and knows no splits: in all situations together it found ${whole(seedLegs)} legs.

Sweeps:

${table(['quoted', 'precision', 'recall', 'exact', 'recall of all'], measured.map(sweepRow))}

Splits:

${table(['quoted', 'precision', 'recall', 'exact', 'recall of all'], measured.map(splitRow))}

By print: of the legs that the engine stored, those that are legs in truth; of the legs of true events
of 10 contracts or more, those stored as legs of an event of that kind.

${table(
  ['quoted', 'sweep precision', 'sweep recall', 'split precision', 'split recall'],
  measured.map(({ name, sweeps, splits }) => [
    name,
    withInterval(sweeps.prints.precision),
    withInterval(sweeps.prints.recallInScope),
    withInterval(splits.prints.precision),
    withInterval(splits.prints.recallInScope),
  ]),
)}

A find that is none in truth is mostly chance: unrelated prints of one contract and side, less than
the window apart. With every contract quoted, by FLOW_SWEEP_WINDOW_MS (by event; true sweeps span
1 to 50 ms, true splits 1 to 200 ms; \`sweep_windows_ms\` in flow_events tells it of each event):

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

const sweepRow = ({ name, sweeps }: Measured) => [name, ...eventCells(sweeps)]
const splitRow = ({ name, splits }: Measured) => [name, ...eventCells(splits)]

function eventCells({ events }: EventScores): string[] {
  return [
    withInterval(events.precision),
    withInterval(events.recallInScope),
    percent(events.exactInScope),
    percent(events.recall),
  ]
}

/** The sections on sides, sentiment and what the rule sets make of the same prints. */
export function sidesPart(measured: readonly Measured[]): string {
  const sidesDiffer = measured.reduce((sum, { sidesDiffer }) => sum + sidesDiffer, 0)
  const [{ multiLeg, stored }] = measured as [Measured]
  return `## Side

\`side\` BUY or SELL against the truth, on the ${whole(stored)} prints of 10 contracts or more (all of them are
stored). Precision: right among those signed; a sign on a print that was at the midpoint is wrong.
Recall: signed rightly among all that had a side in truth. Signed: among all. The rules give
packages, crosses and late prints no side on purpose: "allowed" leaves these out. By prints / by
premium, %. Between the rule sets the side differed on ${whole(sidesDiffer)} prints.

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

\`is_multi_leg\` against the packages of the tape: precision ${withInterval(multiLeg.precision)}, recall
${withInterval(multiLeg.recall)}: the conditions say it, no quote is needed.

## Sentiment

BULLISH or BEARISH against the truth (a bought call and a sold put are bullish), same prints, %.
"Labelled" is how much is not NEUTRAL. By prints / by premium.

${table(
  ['quoted', 'rules', 'precision', 'recall', 'labelled'],
  measured.flatMap(({ name, sentiment }) =>
    (['opra', 'seed'] as const).map((rules) => [
      name,
      rules,
      both(sentiment[rules].precision),
      both(sentiment[rules].recall),
      both(sentiment[rules].coverage),
    ]),
  ),
)}

What \`seed\` (lines) says against \`opra\` (columns), % of all prints / of all premium. The line NEUTRAL
is what \`seed\` leaves open.

${table(
  ['quoted', '`seed`', ...SENTIMENT_TEXT],
  measured
    .filter((_, i) => i === 0 || i === 2)
    .flatMap(({ name, crossTab }) => crossTab.map((cells) => [name, ...cells])),
)}

## Customer side

\`customer_side\` answers another question: what the end user did, also by a limit order that somebody
else hit. The tape knows only who crossed the spread. So this is no test of the published rules,
it shows how often they agree with the aggressor here. Prints that may have a side, by prints / by
premium, %; a sign on a midpoint print counts as wrong.

${table(
  ['quoted', 'precision', 'recall', 'signed'],
  measured.map(({ name, customer }) => [
    name,
    both(customer.precision),
    both(customer.recall),
    both(customer.coverage),
  ]),
)}

By rule: the confidence that the engine states (published, customer trades of the ISE), and the share
that agreed with the truth on this tape, of prints that have a side in truth. \`depth_best\` decides
only at the midpoint, where this tape has no side.

${table(
  ['quoted', 'rule', 'signed', 'stated', 'agreed here'],
  measured
    .filter((_, i) => i === 0 || i === 2 || i === 4)
    .flatMap(({ name, calibration }) =>
      calibration.map(({ rule, signed, stated, right }) => [
        name,
        rule,
        whole(signed),
        (100 * stated).toFixed(1),
        withInterval(right),
      ]),
    ),
)}`
}
