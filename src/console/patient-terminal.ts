import { constants, openSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** When a terminal that took nothing is tried again, ms. */
const AGAIN_MS = 20

/** A stream that knows how large its terminal is, in characters. */
export type TerminalStream = Writable & { readonly columns: number; readonly rows: number }

/**
 * A terminal that may take its time. Node's own waits within each write: a terminal that takes
 * nothing (Ctrl-S, an ssh client that sleeps) would hold up the whole process. This one keeps what
 * is not taken yet, as streams do (writableLength). Gives `stream` itself where its terminal cannot
 * be opened once more, which it can on Linux.
 */
export function patientTerminal(stream: NodeJS.WriteStream & { fd: number }): TerminalStream {
  let fd: number
  try {
    // flags belong to what is opened: the shell's own side must stay as it is
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
    fd = openSync(`/proc/self/fd/${stream.fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    return stream
  }
  const patient = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writeOn(fd, chunk, done)
    },
  })
  return Object.defineProperties(patient, {
    isTTY: { value: true },
    columns: { get: () => stream.columns },
    rows: { get: () => stream.rows },
  }) as TerminalStream
}

function writeOn(fd: number, chunk: Buffer, done: (error?: Error) => void): void {
  let rest = chunk
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
    done()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') done(error as Error)
    else setTimeout(() => writeOn(fd, rest, done), AGAIN_MS)
  }
}
