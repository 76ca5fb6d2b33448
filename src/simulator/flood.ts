import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Hub } from './hub.ts'
import type { SyntheticEvent, SyntheticTape } from './synthetic.ts'
import { eventJson } from './wire.ts'

const TEMPLATE_PRINTS = 65_536
const FRAMES_PER_TURN = 32
const TIME_DIGITS = 13
const SEQUENCE_DIGITS = 12
/** First sequence of all; with 12 digits a frame never changes its length. */
const SEQUENCE_START = 100_000_000_000
/** Added to every sequence each time round; more than one round of a contract uses. */
const SEQUENCE_ROUND = 20_000_000

type Template = {
  readonly bytes: Buffer
  readonly prints: number
  readonly quotes: number
  /** Where the digits of `t` and `q` of each event are. */
  readonly timeAt: readonly number[]
  readonly sequenceAt: readonly number[]
  readonly sequences: readonly number[]
}

export type FloodOptions = {
  readonly eventsPerFrame: number
  /** The flood ends after this many. */
  readonly prints: number
  /** Quotes go to everybody, asked for or not, because a frame is the same for all. */
  readonly withQuotes: boolean
}

/**
 * Pushes prints as fast as the slowest subscriber takes them: frames are encoded once, and only the
 * times (now) and sequences (ever larger) are written anew each time round. REST sees none of it.
 */
export async function flood(
  tape: SyntheticTape,
  hub: Hub,
  options: FloodOptions,
  isStopped: () => boolean,
): Promise<void> {
  const templates = makeTemplates(tape, options)
  let left = options.prints
  for (let round = 0; left > 0; round++) {
    for (const [i, template] of templates.entries()) {
      if (left <= 0) return
      const whole = template.prints <= left ? template : cut(template, left)
      hub.relayCounted(render(whole, round), whole.prints, whole.quotes)
      left -= whole.prints
      if (i % FRAMES_PER_TURN !== 0) continue
      await nextTurn()
      await hub.room(isStopped)
      if (isStopped()) return
    }
  }
}

function makeTemplates(tape: SyntheticTape, options: FloodOptions): Template[] {
  const { eventsPerFrame, withQuotes } = options
  const events: SyntheticEvent[] = []
  const prints = Math.min(options.prints, TEMPLATE_PRINTS)
  for (let made = 0; made < prints; ) {
    const taken: SyntheticEvent[] = []
    tape.take(taken)
    made += taken.filter((event) => event.kind === 'T').length
    events.push(...(withQuotes ? taken : taken.filter((event) => event.kind === 'T')))
  }
  const templates: Template[] = []
  for (let at = 0; at < events.length; at += eventsPerFrame) {
    templates.push(templateOf(events.slice(at, at + eventsPerFrame)))
  }
  return templates
}

function templateOf(events: readonly SyntheticEvent[]): Template {
  const timeAt: number[] = []
  const sequenceAt: number[] = []
  const sequences: number[] = []
  let text = '['
  for (const [i, event] of events.entries()) {
    const sequence = SEQUENCE_START + event.sequence
    const fixed = { ...event, time: 10 ** (TIME_DIGITS - 1), sequence }
    text += `${i === 0 ? '' : ','}${eventJson(fixed)}`
    sequenceAt.push(text.length - 1 - SEQUENCE_DIGITS)
    timeAt.push(text.length - 1 - SEQUENCE_DIGITS - ',"q":'.length - TIME_DIGITS)
    sequences.push(sequence)
  }
  const prints = events.filter((event) => event.kind === 'T').length
  const quotes = events.length - prints
  return { bytes: Buffer.from(`${text}]`), prints, quotes, timeAt, sequenceAt, sequences }
}

/** The first events of a template, as many as hold `prints` prints. */
function cut(template: Template, prints: number): Template {
  const text = template.bytes.toString()
  const items = (JSON.parse(text) as { ev: string }[]).map((item) => item.ev)
  let events = 0
  for (let seen = 0; seen < prints; events++) if (items[events] === 'T') seen++
  const end = template.sequenceAt[events - 1]! + SEQUENCE_DIGITS + 1
  return {
    bytes: Buffer.from(`${text.slice(0, end)}]`),
    prints,
    quotes: events - prints,
    timeAt: template.timeAt.slice(0, events),
    sequenceAt: template.sequenceAt.slice(0, events),
    sequences: template.sequences.slice(0, events),
  }
}

/** A copy, because the socket still holds the one before. */
function render(template: Template, round: number): Buffer {
  const bytes = Buffer.from(template.bytes)
  const { timeAt, sequenceAt, sequences } = template
  const now = Buffer.from(String(Date.now()))
  for (let i = 0; i < timeAt.length; i++) {
    bytes.set(now, timeAt[i]!)
    let sequence = sequences[i]! + round * SEQUENCE_ROUND
    const start = sequenceAt[i]!
    for (let at = start + SEQUENCE_DIGITS - 1; at >= start; at--) {
      const rest = Math.floor(sequence / 10)
      bytes[at] = 0x30 + (sequence - rest * 10)
      sequence = rest
    }
  }
  return bytes
}
