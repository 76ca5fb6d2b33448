import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal, readFrames } from './frames.ts'

const KILLS = 12
const CHILD = join(import.meta.dirname, 'child.ts')
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-kill-'))
})
afterEach(() => rm(dir, { recursive: true }))

function startChild(seed: number) {
  const child = spawn(process.execPath, [CHILD, dir, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const reports = (): string[] => text.split('\n').slice(0, -1)
  const told = async (): Promise<void> => {
    await expect.poll(() => reports().length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(1)
  }
  const kill = async (): Promise<void> => {
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  return { child, told, kill, written: () => Number(reports().at(-1)) }
}

test('a process killed at any moment loses no frame that was written, again and again', async () => {
  let before = 0
  for (let i = 0; i < KILLS; i++) {
    const child = startChild(1000 + i)
    await child.told()
    await sleep((i * 37) % 90)
    await child.kill()
    if (i % 4 === 3) {
      // what a kill in the middle of a write leaves
      const last = (await readdir(dir))
        .filter((name) => name.endsWith('.journal'))
        .sort()
        .at(-1)!
      await writeFile(join(dir, last), Buffer.from('OFJ1\u0007torn'), { flag: 'a' })
    }
    const { frames } = await readFrames(dir)
    expect(frames.length).toBeGreaterThanOrEqual(child.written())
    expect(child.written()).toBeGreaterThanOrEqual(before)
    // gapless: each frame has its number, in both of its places
    const wrong = frames.findIndex(
      ({ recv, bytes }, n) =>
        recv !== n || Number.parseInt(Buffer.from(bytes).toString(), 10) !== n,
    )
    expect(wrong).toBe(-1)
    before = frames.length
  }
  expect(before).toBeGreaterThan(KILLS)
})

test('a folder that another process writes is refused until that one is dead', async () => {
  const child = startChild(5)
  await child.told()
  await expect(openJournal(dir)).rejects.toThrow(
    `is written by another engine (process ${child.child.pid})`,
  )
  await child.kill()
  const journal = await openJournal(dir)
  await journal.close()
})
