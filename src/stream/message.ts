import type { LiveMessage } from '../domain/live-message.ts'

/** A message of the stream. Its texts are made once, for all clients that get it. */
export class Message {
  readonly #told: LiveMessage
  /** Where an EventSource goes on, epoch ms; null: the message does not move it. */
  readonly #id: number | null
  #frame: Buffer | null = null
  #block: string | null = null

  constructor(told: LiveMessage, id: number | null = null) {
    this.#told = told
    this.#id = id
  }

  /** Text of a WebSocket message: `{"type": ..., "data": ...}`. */
  get frame(): Buffer {
    this.#frame ??= Buffer.from(JSON.stringify(this.#told))
    return this.#frame
  }

  /** The same as a server-sent event; JSON has no line breaks. */
  get block(): string {
    const { type, data } = this.#told
    const id = this.#id === null ? '' : `id: ${this.#id}\n`
    this.#block ??= `event: ${type}\n${id}data: ${JSON.stringify(data)}\n\n`
    return this.#block
  }
}
