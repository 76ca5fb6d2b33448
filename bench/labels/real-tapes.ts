import { fileURLToPath } from 'node:url'
import { policyOf } from '../../src/domain/conditions.ts'
import { SENTIMENT_TEXT, TRADE_TYPE_TEXT } from '../../src/domain/labels.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'
import { readRecording } from '../../src/recording/read.ts'
import { crossRows, type LabelledTwice } from './cross-tab.ts'
import { rowsOf } from './engine.ts'
import { rateOf } from './rates.ts'
import { coverageOf } from './score-sides.ts'
import { percent, table, whole, withInterval } from './tables.ts'

const FOLDER = new URL('../../test/fixtures/tapes/', import.meta.url)

const TAPES = [
  {
    name: 'VIX',
    file: 'vix-2016-06-01-morning.frames.jsonl.gz',
    what: 'VIX options, two hours of 2016-06-01, NBBO ahead of each print, one venue',
  },
  {
    name: 'SPY call',
    file: 'spy-2024-06-14-500C.frames.jsonl.gz',
    what: 'one SPY contract of 2024-06-14 with NBBO, 12 venues, most of it multi-leg',
  },
  {
    name: 'SPY flat file',
    file: 'spy-2023-03-13-390P.trades_v1.csv.gz',
    what: "one SPY contract of 2023-03-13, the vendor's flat file: no quotes, 14 venues",
  },
] as const

const ISO = 219
const isIso = ({ opra }: LabelledTwice) => opra.conditions.includes(ISO)

/** What both rule sets make of the recorded tapes, as Markdown. */
export async function realTapesPart(): Promise<string> {
  const tapes = await Promise.all(
    TAPES.map(async (tape) => ({ ...tape, prints: await labelled(tape.file) })),
  )
  const facts = tapes.map(
    ({ name, what, prints }) => `- ${name}: ${what}; ${prints.length} prints.`,
  )
  const quotes = tapes.map(({ name, prints }) => {
    const asked = prints.filter(({ opra }) => policyOf(opra.conditions).hasSide)
    const { feed } = coverageOf(
      asked.map(({ opra }) => ({ premium: opra.premium, source: opra.quoteSource })),
    )
    return [name, whole(asked.length), withInterval(feed.prints), percent(feed.premium)]
  })
  const types = tapes.flatMap(({ name, prints }) =>
    (['opra', 'seed'] as const).map((rules) => [
      name,
      rules,
      ...TRADE_TYPE_TEXT.map((_, type) =>
        whole(prints.filter((print) => print[rules].tradeType === type).length),
      ),
    ]),
  )
  const iso = tapes.map(({ name, prints }) => [
    name,
    whole(prints.filter(isIso).length),
    ...(['opra', 'seed'] as const).map((rules) =>
      withInterval(rateOf(prints, isIso, (print) => print[rules].isSweep)),
    ),
    withInterval(rateOf(prints, isIso, (print) => isByWindow(print, prints))),
  ])
  return `${facts.join('\n')}

Prints that may have a side, and those of them with a usable quote (%):

${table(['tape', 'may have a side', 'quoted', 'of premium'], quotes)}

Types (prints):

${table(['tape', 'rules', ...TRADE_TYPE_TEXT], types)}

Sentiment under \`seed\` (lines, where it has prints) against \`opra\` (columns), % of all prints / of all premium:

${table(
  ['tape', '`seed`', ...SENTIMENT_TEXT],
  tapes.flatMap(({ name, prints }) => crossRows(prints).map((cells) => [name, ...cells])),
)}

The one mark of a sweep that a tape bears itself is condition 219 (ISO). Of these prints, % with \`is_sweep\` (under
\`opra\` the mark alone is enough), and % that the window found, as legs on several venues:

${table(['tape', 'ISO prints', '`opra`', '`seed`', 'by the window'], iso)}`
}

function isByWindow({ opra }: LabelledTwice, prints: readonly LabelledTwice[]): boolean {
  if (opra.event === null) return false
  const legs = prints.filter((other) => other.opra.event === opra.event)
  return new Set(legs.map((leg) => leg.opra.exchange)).size > 1
}

/** All prints of a tape that stand, under both rule sets; so small a tape is stored whole. */
async function labelled(file: string): Promise<LabelledTwice[]> {
  const frames: RecordedFrame[] = []
  for await (const batch of readRecording(fileURLToPath(new URL(file, FOLDER)))) {
    frames.push(...batch)
  }
  const opra = new Map(rowsOf(frames, 'opra', { minSize: 1 }).map((row) => [row.id, row]))
  return rowsOf(frames, 'seed', { minSize: 1 }).map((seed) => {
    const other = opra.get(seed.id)
    if (other === undefined) throw new Error(`${file}: opra has no row for ${seed.id}`)
    return { seed, opra: other }
  })
}
