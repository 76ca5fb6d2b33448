import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'

/** Of the file; what is more is not set aside any more, and the engine stops instead. */
const LETTERS_MAX = 1000

/** An event that killed a part of the engine twice. */
export type DeadLetter = {
  /** ISO time at which it was set aside. */
  readonly at: string
  /** Which part it killed, and how. */
  readonly part: string
  readonly reason: string
  /** Name of the journal's folder, and the place of the frame in it. */
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
  /** By place. */
  readonly #left = new Map<number, { readonly frame: string; readonly events: Set<number> }>()
  #count = 0

  /** Reads the file at `path`, if there is one. A line that is none is left as it is. */
  constructor(path: string, journal: string) {
    this.path = path
    this.#journal = basename(journal)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    for (const line of text.split('\n')) {
      const letter = parse(line)
      if (letter === null) continue
      this.#count++
      if (letter.journal === this.#journal) this.#note(letter)
    }
  }

  /** Events that are left out of this frame at this place of the journal; undefined: none. */
  of(frame: Uint8Array, place: number): ReadonlySet<number> | undefined {
    const left = this.#left.get(place)
    // another journal of the same name may have another frame there
    return left?.frame === textOf(frame) ? left.events : undefined
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
    this.#note(letter)
  }

  #note({ place, event, frame }: Pick<DeadLetter, 'place' | 'event' | 'frame'>): void {
    const known = this.#left.get(place)
    if (known?.frame === frame) known.events.add(event)
    else this.#left.set(place, { frame, events: new Set([event]) })
  }
}

/** A frame as a letter has it: bytes that are no UTF-8 are replaced. */
export function textOf(frame: Uint8Array): string {
  return Buffer.from(frame).toString('utf8')
}

function parse(line: string): DeadLetter | null {
  try {
    const letter = JSON.parse(line) as DeadLetter | null
    return typeof letter?.place === 'number' && typeof letter.event === 'number' ? letter : null
  } catch {
    return null
  }
}
