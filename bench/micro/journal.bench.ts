/**
 * The journal: how many frames it takes, and what a frame costs the main thread at a fixed rate,
 * beside the same loop without a journal. What was written is read back before it is timed.
 */
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Journal } from '../../src/journal/journal.ts'
import { readJournal } from '../../src/journal/read-journal.ts'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'

const MIB = 1024 * 1024
const SIZES = [100, 1024, 5120]
const RATES = [10_000, 100_000]
const SYNCS = [100, 10, 0]
const RUNS = 5
/** Bytes of a run at full speed. */
const RUN_BYTES = 192 * MIB
const PACED_MS = 1000
const KEPT_BYTES = 512 * MIB
const CHECKED = 20_000

export async function run(): Promise<Report> {
  const root = await mkdtemp(join(tmpdir(), 'journal-bench-'))
  try {
    await check(join(root, 'check'))
    const figures: Figure[] = []
    for (const size of SIZES) figures.push(await fullSpeed(root, size))
    const notes = [
      'Full speed, with a checksum, a search for the key and a sync every 100 ms. Naive: a write ' +
        'stream that gets header and frame, none of these and one sync at the end. Limit: the same ' +
        'bytes in writes of 256 KiB, one sync.',
      ...(await pacedNotes(root)),
      await alone(root),
    ]
    return { title: 'Journal, one thread', figures, notes }
  } finally {
    await rm(root, { recursive: true })
  }
}

function openIn(dir: string, syncMs: number): Promise<Journal> {
  return Journal.open(dir, {
    maxBytes: 4096 * MIB,
    syncMs,
    secrets: ['a-key-that-is-in-no-frame'],
    after: null,
    onTrouble: (error) => {
      if (error !== null) console.error(error.message)
    },
    onProblem: (problem) => console.error(problem),
  })
}

const frameOf = (bytes: Uint8Array, recv: number) => ({
  recv,
  clock: 1,
  connection: 0,
  bytes,
  isBinary: false,
})

async function check(dir: string): Promise<void> {
  const journal = await openIn(dir, 100)
  const bytes = Buffer.alloc(1000, 'x')
  for (let i = 0; i < CHECKED; i++) {
    if (!journal.append(frameOf(bytes, i))) await journal.drained()
  }
  await journal.close()
  let next = 0
  const onProblem = (problem: string): void => {
    throw new Error(problem)
  }
  for await (const frames of readJournal(dir, null, onProblem)) {
    for (const { recv, bytes: read } of frames) {
      if (recv !== next++ || !bytes.equals(read)) throw new Error(`frame ${next - 1} is wrong`)
    }
  }
  if (next !== CHECKED) throw new Error(`${next} frames of ${CHECKED}`)
}

/** Frames per second as fast as they are taken, to the end of the last sync. */
async function fullSpeed(root: string, size: number): Promise<Figure> {
  const bytes = Buffer.alloc(size, 'x')
  const frames = Math.floor(RUN_BYTES / (size + 32))
  const rates: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < RUNS; i++) {
    for (const [which, way] of [ours, naive, plainWrites].entries()) {
      const dir = join(root, 'full')
      const startedAt = performance.now()
      await way(dir, bytes, frames)
      rates[which]!.push((frames * 1000) / (performance.now() - startedAt))
      await rm(dir, { recursive: true, force: true })
    }
  }
  const [engine, stream, limit] = rates.map(spreadOf)
  const name = `append frames of ${size} B`
  return {
    name,
    unit: 'frames/s',
    engine: engine!,
    naive: stream!,
    limit: limit!,
    better: 'higher',
  }
}

async function ours(dir: string, bytes: Buffer, frames: number): Promise<void> {
  const journal = await openIn(dir, 100)
  for (let i = 0; i < frames; i++) {
    if (!journal.append(frameOf(bytes, i))) await journal.drained()
  }
  await journal.close()
}

async function naive(path: string, bytes: Buffer, frames: number): Promise<void> {
  const out = createWriteStream(path, { flush: true })
  for (let i = 0; i < frames; i++) {
    const header = Buffer.allocUnsafe(32)
    header.writeUInt32LE(bytes.length, 8)
    header.writeDoubleLE(i, 16)
    out.write(header)
    if (!out.write(bytes)) await new Promise((resolve) => out.once('drain', () => resolve(true)))
  }
  await new Promise((resolve) => out.end(() => resolve(true)))
}

async function plainWrites(path: string, bytes: Buffer, frames: number): Promise<void> {
  const file = await open(path, 'w')
  const block = Buffer.alloc(256 * 1024, 'x')
  const total = frames * (bytes.length + 32)
  for (let done = 0; done < total; done += block.length) {
    await file.write(block, 0, Math.min(block.length, total - done))
  }
  await file.datasync()
  await file.close()
}

type Paced = {
  readonly us: number
  readonly allUs: number
  readonly waits: number
  readonly rate: number
}

/** Frames at a fixed rate, a piece of them each millisecond; `journal` null: only the loop. */
async function paced(journal: Journal | null, size: number, rate: number): Promise<Paced> {
  const bytes = Buffer.alloc(size, 'x')
  let sent = 0
  let waits = 0
  let sum = 0
  const thread = process.threadCpuUsage()
  const all = process.cpuUsage()
  const startedAt = performance.now()
  for (;;) {
    const elapsed = performance.now() - startedAt
    if (elapsed >= PACED_MS) break
    for (const due = (elapsed * rate) / 1000; sent < due; sent++) {
      const frame = frameOf(bytes, sent)
      sum += frame.recv
      if (journal === null || journal.append(frame)) continue
      waits++
      await journal.drained()
    }
    if (journal !== null && journal.bytes > KEPT_BYTES) await journal.dropBefore(journal.position)
    await sleep(1)
  }
  if (sum < 0) throw new Error('unreachable')
  const used = process.threadCpuUsage(thread)
  const allUsed = process.cpuUsage(all)
  const took = performance.now() - startedAt
  return {
    us: (used.user + used.system) / sent,
    allUs: (allUsed.user + allUsed.system) / sent,
    waits,
    rate: (sent * 1000) / took,
  }
}

async function pacedNotes(root: string): Promise<string[]> {
  const lines: string[] = []
  for (const rate of RATES) {
    for (const size of SIZES) {
      const without = await paced(null, size, rate)
      const cells: string[] = []
      for (const syncMs of SYNCS) {
        const dir = join(root, 'paced')
        const journal = await openIn(dir, syncMs)
        const { us, allUs, waits, rate: got } = await paced(journal, size, rate)
        await journal.close()
        await rm(dir, { recursive: true })
        const reached = waits === 0 ? '' : `, ${Math.round(got / 1000)} k/s reached`
        const sync = syncMs === 0 ? 'each write' : `${syncMs} ms`
        const [more, allMore] = [us - without.us, allUs - without.allUs]
        cells.push(`${sync}: ${more.toFixed(2)} (${allMore.toFixed(2)}${reached})`)
      }
      lines.push(`${rate / 1000} k frames/s of ${size} B, sync ${cells.join('; ')}`)
    }
  }
  return [
    'CPU us a frame of the main thread (of all threads) more than without a journal:',
    ...lines,
  ]
}

/** The dearest case: each frame in a turn of the event loop of its own. */
async function alone(root: string): Promise<string> {
  const dir = join(root, 'alone')
  const bytes = Buffer.alloc(1024, 'x')
  const turns = 50_000
  const cost = async (journal: Journal | null): Promise<number> => {
    const thread = process.threadCpuUsage()
    for (let i = 0; i < turns; i++) {
      journal?.append(frameOf(bytes, i))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { user, system } = process.threadCpuUsage(thread)
    return (user + system) / turns
  }
  const without = await cost(null)
  const journal = await openIn(dir, 100)
  const us = (await cost(journal)) - without
  await journal.close()
  return `Each frame of 1 KiB in a turn of its own: ${us.toFixed(2)} us more`
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
