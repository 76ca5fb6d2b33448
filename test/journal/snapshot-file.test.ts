import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  readSnapshot,
  type Snapshot,
  type SnapshotPlace,
  writeSnapshot,
} from '../../src/journal/snapshot-file.ts'
import { anySnapshot } from './snapshots.ts'

const KILLS = 6
let dir = ''
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'snapshot-')), 'deep')
})
afterEach(() => rm(join(dir, '..'), { recursive: true }))

/** Parts as plain arrays of bytes, whatever memory they lie in. */
const plain = (snapshot: Snapshot | null) =>
  snapshot && {
    ...snapshot,
    dictionary: new Uint8Array(snapshot.dictionary),
    profiles: new Uint8Array(snapshot.profiles),
    shards: snapshot.shards.map((shard) => new Uint8Array(shard)),
  }

async function read(
  fits: Parameters<typeof readSnapshot>[1] = () => null,
): Promise<{ snapshot: ReturnType<typeof plain>; problems: string[] }> {
  const problems: string[] = []
  const snapshot = await readSnapshot(dir, fits, (problem) => problems.push(problem))
  return { snapshot: plain(snapshot), problems }
}

test('the newest snapshot is read back equal; the two newest are kept, for this user alone', async () => {
  expect(await read()).toEqual({ snapshot: null, problems: [] })
  for (let number = 1; number <= 4; number++) {
    await writeSnapshot(dir, anySnapshot(number))
    expect(await read()).toEqual({ snapshot: anySnapshot(number), problems: [] })
  }
  const names = (await readdir(dir)).sort()
  expect(names).toEqual(['snapshot-00000003.state', 'snapshot-00000004.state'])
  if (process.platform === 'win32') return
  for (const path of [dir, ...names.map((name) => join(dir, name))]) {
    expect((await stat(path)).mode & 0o077).toBe(0)
  }
})

test('a newest snapshot with any bit flipped, or cut anywhere, gives way to the one before', async () => {
  await writeSnapshot(dir, anySnapshot(1))
  await writeSnapshot(dir, anySnapshot(2))
  const path = join(dir, 'snapshot-00000002.state')
  const bytes = await readFile(path)
  const isOlder = async (damaged: Buffer, what: string) => {
    await writeFile(path, damaged)
    const { snapshot, problems } = await read()
    expect(snapshot, what).toEqual(anySnapshot(1))
    expect(problems, what).toEqual([expect.stringMatching(/^snapshot 2 is left out: it/)])
  }
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 1 << (at % 8)
    await isOlder(damaged, `byte ${at}`)
  }
  for (let length = 0; length < bytes.length; length += 3) {
    await isOlder(bytes.subarray(0, length), `cut at ${length}`)
  }
  await isOlder(Buffer.concat([bytes, Buffer.alloc(1)]), 'a byte more')
  await writeFile(path, bytes)
  expect((await read()).snapshot).toEqual(anySnapshot(2))
})

test('a snapshot that does not fit is left out for the reason given', async () => {
  await writeSnapshot(dir, anySnapshot(1))
  await writeSnapshot(dir, anySnapshot(2))
  const fits = ({ header }: SnapshotPlace) => (header.minSize === 1 ? null : 'another size')
  expect(await read(fits)).toEqual({
    snapshot: anySnapshot(1),
    problems: ['snapshot 2 is left out: another size'],
  })
  expect((await read(() => 'no')).snapshot).toBeNull()
})

test('one that was not finished is no snapshot, and is removed by the next', async () => {
  await writeSnapshot(dir, anySnapshot(1))
  await writeFile(join(dir, 'snapshot-00000007.state.tmp'), 'half')
  await writeFile(join(dir, 'notes.txt'), 'of somebody else')
  expect(await read()).toEqual({ snapshot: anySnapshot(1), problems: [] })
  await writeSnapshot(dir, anySnapshot(2))
  expect((await readdir(dir)).sort()).toEqual([
    'notes.txt',
    'snapshot-00000001.state',
    'snapshot-00000002.state',
  ])
})

test('a process killed while it writes snapshots leaves the last one that was written', async () => {
  let number = 1
  for (let i = 0; i < KILLS; i++) {
    const script = join(import.meta.dirname, 'snapshot-child.ts')
    const child = spawn(process.execPath, [script, dir, String(number)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const lines = () => text.split('\n').slice(0, -1)
    await expect.poll(() => lines().length, { timeout: 20_000, interval: 2 }).toBeGreaterThan(1)
    await sleep((i * 7) % 20)
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
    const last = Number(lines().at(-1))
    const { snapshot, problems } = await read()
    expect(problems).toEqual([])
    // the next one may have come to its name before the kill
    const possible = [last, last + 1].map((n) => anySnapshot(n % 250, 1_000_000).position)
    expect(possible).toContainEqual(snapshot!.position)
    number = last + 2
  }
})
