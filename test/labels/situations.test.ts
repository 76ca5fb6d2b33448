import { expect, it } from 'vitest'
import {
  framesOf,
  lookupsIn,
  REST_PER_SECOND,
  type Situation,
} from '../../bench/labels/situations.ts'
import { labelledTape } from '../../bench/labels/synthetic.ts'
import type { RecordedFrame } from '../../src/recording/frame.ts'

type WireEvent = {
  readonly ev: string
  readonly sym: string
  readonly at?: number
  readonly t?: number
  readonly bp?: number
}

const TAPE = labelledTape(1, 8_000)

function eventsOf({ bytes }: RecordedFrame): WireEvent[] {
  return JSON.parse(Buffer.from(bytes).toString()) as WireEvent[]
}

function read(situation: Omit<Situation, 'name'>) {
  const frames = framesOf(TAPE, { name: '', ...situation })
  return frames.map((frame) => ({ recv: frame.recv, events: eventsOf(frame) }))
}

const of = (frames: ReturnType<typeof read>, ev: string) =>
  frames.flatMap(({ events }) => events.filter((event) => event.ev === ev))

it('sends every print in every situation, and every quote where all are quoted', () => {
  const all = read({ quotedMax: null, hasLookups: false })
  const sent = TAPE.steps.flatMap(({ events }) => events)
  expect(of(all, 'T').length).toBe(8_000)
  expect(of(all, 'Q').length).toBe(sent.filter(({ kind }) => kind === 'Q').length)
  for (const hasLookups of [false, true]) {
    expect(of(read({ quotedMax: 50, hasLookups }), 'T')).toEqual(of(all, 'T'))
  }
})

it('quotes no more contracts at a time than the limit, and only such as have traded', () => {
  const frames = read({ quotedMax: 50, hasLookups: false })
  const traded = new Set<string>()
  let quotes = 0
  for (const { events } of frames) {
    for (const { ev, sym } of events) {
      if (ev !== 'Q') continue
      quotes++
      expect(traded.has(sym), sym).toBe(true)
    }
    for (const { ev, sym } of events) if (ev === 'T') traded.add(sym)
  }
  expect(quotes).toBeGreaterThan(100)
  expect(traded.size).toBeGreaterThan(500)
  // within a second, one round of the planner; large prints may change up to 20 more at once
  const bySecond = Map.groupBy(frames, ({ recv }) => Math.floor(recv / 1000))
  for (const second of bySecond.values()) {
    const quoted = new Set(of(second, 'Q').map(({ sym }) => sym))
    expect(quoted.size).toBeLessThanOrEqual(50 + 50 + 20)
  }
})

it('answers lookups 100 ms after the print, in order, with a quote that was in force', () => {
  const frames = read({ quotedMax: 1, hasLookups: true })
  const times = frames.map(({ recv }) => recv)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  const answers = frames.filter(({ events }) => isAnswer(events[0]!))
  expect(answers.length).toBeGreaterThan(10)
  for (const { recv, events } of answers) {
    const { at, t } = events[0]!
    expect(recv - at!).toBe(100)
    expect(t!).toBeLessThanOrEqual(at!)
    expect(at! - t!).toBeLessThanOrEqual(5000)
  }
  const without = read({ quotedMax: 1, hasLookups: false })
  expect(of(without, 'flow.nbbo')).toEqual([])
})

it('asks no more than the budget allows, and tells the engine at once that there is none', () => {
  const large = TAPE.steps.slice(0, 2_000).map(({ time, events }) => ({
    time,
    events: events.map((event) => (event.kind === 'T' ? { ...event, size: 100_000 } : event)),
  }))
  const situation = { name: '', quotedMax: 1, hasLookups: true }
  const read = framesOf({ ...TAPE, steps: large }, situation)
  const frames = read.map((frame) => ({
    recv: frame.recv,
    events: eventsOf(frame),
  }))
  const asked = of(frames, 'flow.nbbo')
    .filter(isAnswer)
    .map(({ at }) => at!)
  const most = asked.map((at) => asked.filter((other) => other > at - 1000 && other <= at).length)
  expect(Math.max(...most)).toBe(REST_PER_SECOND)
  const refused = frames.filter(({ events: [event] }) => isNbbo(event!) && !isAnswer(event!))
  expect(refused.length).toBeGreaterThan(100)
  expect(lookupsIn(read)).toBe(asked.length + refused.length)
  expect(refused.every(({ recv, events }) => events[0]!.at === recv)).toBe(true)
})

const isNbbo = ({ ev }: WireEvent) => ev === 'flow.nbbo'
const isAnswer = (event: WireEvent) => isNbbo(event) && event.bp !== undefined
