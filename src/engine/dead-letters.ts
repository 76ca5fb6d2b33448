import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Of the file; what is more is not set aside any more, and the engine stops instead. */
const LETTERS_MAX = 1000

/** An event that killed a part of the engine twice. */
export type DeadLetter = {
  /** ISO time at which it was set aside. */
  readonly at: string
  /** Which part it killed, and how. */
  readonly part: string
  readonly reason: string
  /** Folder of the journal, and the place of the frame in it. */
  readonly journal: string
  readonly place: number
  /** Place of the event in its frame, from 0. */
  readonly event: number
  readonly connection: number
  /** When the frame was received, epoch ms; null: a frame of our own. */
  readonly recv: number | null
  /** The whole frame, as the journal has it. */
  readonly frame: string
}

/**
 * The file of what was set aside, one JSON object a line, for whoever looks into it; and what a
 * start leaves out when it reads the journal again.
 */
export class DeadLetters {
  readonly path: string
  readonly #journal: string
  readonly #events = new Map<number, Set<number>>()
  #count = 0

  /** Reads the file at `path`, if there is one. A line that is none is left as it is. */
  constructor(path: string, journal: string) {
    this.path = path
    this.#journal = journal
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    for (const line of text.split('\n')) {
      const letter = parse(line)
      if (letter === null) continue
      this.#count++
      if (letter.journal === journal) this.#note(letter.place, letter.event)
    }
  }

  /** Events of the frame at this place of the journal that are left out, or undefined: none. */
  at(place: number): ReadonlySet<number> | undefined {
    return this.#events.get(place)
  }

  /** On the disk when it returns. Throws when the file is full or cannot be written. */
  add(letter: Omit<DeadLetter, 'at' | 'journal'>): void {
    if (this.#count >= LETTERS_MAX) {
      throw new Error(
        `${this.path} has ${LETTERS_MAX} events that were set aside: look into it, move it away and start again`,
      )
    }
    mkdirSync(dirname(this.path), { recursive: true })
    const line = { at: new Date().toISOString(), journal: this.#journal, ...letter }
    const file = openSync(this.path, 'a', 0o600)
    try {
      appendFileSync(file, `${JSON.stringify(line)}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    this.#count++
    this.#note(letter.place, letter.event)
  }

  #note(place: number, event: number): void {
    const events = this.#events.get(place) ?? new Set()
    this.#events.set(place, events.add(event))
  }
}

function parse(line: string): DeadLetter | null {
  try {
    const letter = JSON.parse(line) as DeadLetter | null
    return typeof letter?.place === 'number' && typeof letter.event === 'number' ? letter : null
  } catch {
    return null
  }
}
