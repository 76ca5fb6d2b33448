import { readFile } from 'node:fs/promises'
import { type Finding, ok, warn } from './finding.ts'

const MIB = 1024 * 1024
/** A demo takes about 400 MiB; a whole tape with its snapshots twice as much. */
const MEMORY_MIN = 1024 * MIB
const FILES_MIN = 1024

export type MachineAsked = {
  readonly cores: number
  /** FLOW_SHARDS. */
  readonly shards: number
  /** Bytes that this process may use. */
  readonly memory: number
  /** Where Linux tells the limits of this process. */
  readonly limitsFile: string
}

/** Cores, memory and open files. */
export async function checkMachine(asked: MachineAsked): Promise<readonly Finding[]> {
  const { cores, shards, memory } = asked
  const threads = `${cores} cores, ${shards} ${shards === 1 ? 'shard' : 'shards'}`
  const room = `${Math.round(memory / MIB)} MiB`
  const files = await openFilesMax(asked.limitsFile)
  return [
    shards > cores
      ? warn('cores', threads, 'set FLOW_SHARDS to at most the cores')
      : ok('cores', threads),
    memory < MEMORY_MIN
      ? warn('memory', room, `give it ${MEMORY_MIN / MIB} MiB or more`)
      : ok('memory', room),
    ...(files === null
      ? []
      : [
          files < FILES_MIN
            ? warn('open files', `${files}`, `raise the limit to ${FILES_MIN} (ulimit -n)`)
            : ok('open files', `${files} allowed`),
        ]),
  ]
}

/** Null where the system does not tell; Infinity: without limit. */
async function openFilesMax(path: string): Promise<number | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? []
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}
