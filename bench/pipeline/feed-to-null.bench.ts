/**
 * Socket to classified print: how many prints a second, beside `ws` alone and the naive engine, all
 * reading the same frames. Feed and reader are processes of their own; nothing is stored.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Consumer, ConsumerResult } from '../kit/consumer.ts'
import { FeedServer } from '../kit/feed.ts'
import { type Figure, type Report, spreadOf, text } from '../kit/figures.ts'
import type { Shape } from '../kit/tape.ts'

const RUNS = 5
const CONSUMERS: readonly Consumer[] = ['ws', 'naive', 'engine']

type Case = { readonly name: string; readonly shape: Shape; readonly prints: number }
const CASES: readonly Case[] = [
  { name: '8 prints a frame', shape: { prints: 8, quotes: 0 }, prints: 1_000_000 },
  { name: '1 print a frame', shape: { prints: 1, quotes: 0 }, prints: 400_000 },
  { name: '8 prints and 40 quotes a frame', shape: { prints: 8, quotes: 40 }, prints: 200_000 },
]

/** The naive engine reads a part of the tape: it is several times slower. */
const NAIVE_SHARE = 1 / 4

export async function run(): Promise<Report> {
  const server = await FeedServer.start()
  const figures: Figure[] = []
  const notes: string[] = []
  for (const { name, shape, prints } of CASES) {
    await server.build(shape)
    const results = await measure(server, shape, prints)
    const rate = (consumer: Consumer) =>
      spreadOf(results[consumer].map((result) => result.prints / result.seconds))
    figures.push({
      name,
      unit: 'prints/s',
      engine: rate('engine'),
      naive: rate('naive'),
      limit: rate('ws'),
      better: 'higher',
    })
    const cpu = (consumer: Consumer, part: 'mainUs' | 'processUs') =>
      text(spreadOf(results[consumer].map((result) => result[part])).median)
    notes.push(
      `${name}: CPU a print: engine ${cpu('engine', 'processUs')} us, of it ` +
        `${cpu('engine', 'mainUs')} us in the main thread; naive ${cpu('naive', 'processUs')} us; ` +
        `ws alone ${cpu('ws', 'processUs')} us.`,
    )
  }
  server.stop()
  return { title: 'Socket to classified print, nothing stored', figures, notes }
}

/** A warm-up round, then RUNS rounds in which each consumer reads once. */
async function measure(server: FeedServer, shape: Shape, prints: number) {
  const children = CONSUMERS.map((consumer) =>
    fork(new URL('../kit/consumer.ts', import.meta.url), [consumer]),
  )
  const results: Record<Consumer, ConsumerResult[]> = { ws: [], naive: [], engine: [] }
  for (let round = 0; round <= RUNS; round++) {
    for (const [i, consumer] of CONSUMERS.entries()) {
      const child = children[i]!
      const share = consumer === 'naive' ? NAIVE_SHARE : 1
      child.send(server.url(shape, prints * share))
      const [result] = (await once(child, 'message')) as [ConsumerResult]
      if (result.prints < prints * share) throw new Error(`${consumer}: prints are missing`)
      if (round > 0) results[consumer].push(result)
    }
  }
  for (const child of children) child.disconnect()
  return results
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
