/**
 * One question: how many prints a second the frame decoder turns into rows, beside JSON.parse and a
 * walk over the objects. Vendor-shaped frames, no socket, one thread.
 */
import { Bench, type Task } from 'tinybench'
import { FrameDecoder } from '../../src/reader/decode.ts'
import { Dictionary } from '../../src/reader/dictionary.ts'
import { EXCHANGE_NONE, KIND_PRINT } from '../../src/slab/event-slab.ts'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'
import { seeded } from '../kit/random.ts'

const WATCHED: ReadonlySet<string> = new Set(['SPX', 'NDX', 'SPY', 'QQQ', 'IWM'])
const ROOTS = ['SPXW', 'SPX', 'NDXP', 'SPY', 'QQQ', 'IWM', 'AAPL', 'TSLA', 'NVDA']
const EXCHANGES = [300, 301, 302, 304, 308, 312, 313, 316, 322, 323, 325]
const CONDITIONS = [209, 209, 209, 209, 227, 227, 232, 233, 219]
const RECV = 1_765_800_000_000
const FRAMES = 512
const RUNS = 7
const RUN_MS = 150

type Shape = { readonly name: string; readonly prints: number; readonly quotes: number }
const SHAPES: readonly Shape[] = [
  { name: '1 print', prints: 1, quotes: 0 },
  { name: '8 prints', prints: 8, quotes: 0 },
  { name: '64 prints', prints: 64, quotes: 0 },
  { name: '8 prints, 40 quotes', prints: 8, quotes: 40 },
]

function framesOf(shape: Shape): Buffer[] {
  const random = seeded(7)
  const next = (): number => Math.floor(random() * 2 ** 32)
  const pick = <Item>(items: readonly Item[]): Item => items[next() % items.length]!
  let sequence = 651_921_857
  const ticker = (): string => {
    const strike = String(100_000 + (next() % 400) * 5_000).padStart(8, '0')
    return `O:${pick(ROOTS)}2512${10 + (next() % 15)}${pick(['C', 'P'])}${strike}`
  }
  const price = (): number => (next() % 100_000) / 100
  const print = (): object => ({
    ev: 'T',
    sym: ticker(),
    x: pick(EXCHANGES),
    p: price(),
    s: 1 + (next() % 200),
    c: [pick(CONDITIONS)],
    t: RECV - (next() % 1000),
    q: sequence++,
  })
  const quote = (): object => {
    const bid = price()
    const [bx, ax] = [pick(EXCHANGES), pick(EXCHANGES)]
    const [bs, as] = [next() % 500, next() % 500]
    const t = RECV - (next() % 1000)
    return {
      ev: 'Q',
      sym: ticker(),
      bx,
      ax,
      bp: bid,
      ap: Math.round(bid * 100 + 5) / 100,
      bs,
      as,
      t,
      q: sequence++,
    }
  }
  return Array.from({ length: FRAMES }, () => {
    const events = [
      ...Array.from({ length: shape.prints }, print),
      ...Array.from({ length: shape.quotes }, quote),
    ]
    return Buffer.from(JSON.stringify(events))
  })
}

type NaiveEvent = {
  ev: string
  sym: string
  x?: number
  p: number
  s: number
  c?: number[]
  t: number
  q?: number
  bp: number
  ap: number
  bs: number
  as: number
}
type NaiveRow = {
  time: number
  priceA: number
  priceB: number
  ticker: string
  sizeA: number
  sizeB: number
  conditions: readonly number[]
}

/** What one writes first: parse, walk, filter by the root, push objects. */
function naiveDecode(frame: Buffer): NaiveRow[] {
  const rows: NaiveRow[] = []
  for (const event of JSON.parse(frame.toString()) as NaiveEvent[]) {
    const root = event.sym.slice(2, -15)
    const underlying = root === 'SPXW' ? 'SPX' : root === 'NDXP' ? 'NDX' : root
    if (!WATCHED.has(underlying)) continue
    const isPrint = event.ev === 'T'
    rows.push({
      time: event.t,
      priceA: Math.round((isPrint ? event.p : event.bp) * 10_000),
      priceB: isPrint ? (event.q ?? Number.NaN) : Math.round(event.ap * 10_000),
      ticker: event.sym,
      sizeA: isPrint ? event.s : event.bs,
      sizeB: isPrint ? (event.x ?? EXCHANGE_NONE) : event.as,
      conditions: event.c ?? [],
    })
  }
  return rows
}

/** Both must give the same rows before either is timed. */
function checkAnswer(frames: readonly Buffer[], decoder: FrameDecoder, dictionary: Dictionary) {
  for (const frame of frames) {
    const expected = naiveDecode(frame)
    const { columns } = decoder
    if (!decoder.decode(frame, false, RECV) || columns.rows !== expected.length) {
      throw new Error(`expected ${expected.length} rows, got ${columns.rows}: ${frame}`)
    }
    expected.forEach((row, i) => {
      // of a quote the column holds its venues, which the naive way does not read
      const set = columns.kind[i] === KIND_PRINT ? columns.conditions[i]! : 0
      const got: NaiveRow = {
        time: columns.time[i]!,
        priceA: columns.priceA[i]!,
        priceB: columns.priceB[i]!,
        ticker: dictionary.ticker(columns.contract[i]!),
        sizeA: columns.sizeA[i]!,
        sizeB: columns.sizeB[i]!,
        conditions:
          set === 0
            ? []
            : (dictionary.definitionsSince(dictionary.size, set).conditionSets[0] as number[]),
      }
      if (JSON.stringify(got) !== JSON.stringify(row)) {
        throw new Error(`row ${i} must be ${JSON.stringify(row)}, was ${JSON.stringify(got)}`)
      }
    })
  }
}

function rateOf(task: Task, prints: number): number {
  const { result } = task
  if (result.state !== 'completed') throw new Error(`${task.name}: ${result.state}`)
  return (1000 / result.latency.mean) * FRAMES * prints
}

async function measure(shape: Shape): Promise<Figure> {
  const frames = framesOf(shape)
  const dictionary = new Dictionary({ watched: WATCHED, contractsMax: 1_000_000 })
  const decoder = new FrameDecoder({ dictionary })
  checkAnswer(frames, decoder, dictionary)
  let sink = 0
  const rates: [number[], number[]] = [[], []]
  for (let i = 0; i < RUNS; i++) {
    const bench = new Bench({ time: RUN_MS, warmupTime: 50 })
    bench.add('scanner', () => {
      for (const frame of frames) {
        decoder.decode(frame, false, RECV)
        sink += decoder.columns.rows
      }
    })
    bench.add('naive', () => {
      for (const frame of frames) sink += naiveDecode(frame).length
    })
    const tasks = await bench.run()
    tasks.forEach((task, which) => {
      rates[which]!.push(rateOf(task, shape.prints))
    })
  }
  if (sink === 0) throw new Error('nothing was decoded')
  const [engine, naive] = [spreadOf(rates[0]), spreadOf(rates[1])]
  return { name: shape.name, unit: 'prints/s', engine, naive, limit: null, better: 'higher' }
}

export async function run(): Promise<Report> {
  const figures: Figure[] = []
  for (const shape of SHAPES) figures.push(await measure(shape))
  const notes = [
    `${FRAMES} frames a pass; both ways gave the same rows. Naive: JSON.parse and a walk.`,
  ]
  return { title: 'Frames to rows, one thread', figures, notes }
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
