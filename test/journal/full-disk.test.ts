import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MIB, openJournal, readFrames, textFrame } from './frames.ts'

const CHILD = join(import.meta.dirname, 'full-disk-child.ts')
const MOUNT = 'mount -t tmpfs -o size=4m tmpfs "$1"'
let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-full-'))
})
afterEach(() => rm(dir, { recursive: true }))

/** Whether a disk of a few MiB can be made here: Linux that lets users have namespaces. */
const canMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT, 'sh', tmpdir()], { stdio: 'ignore' }).status === 0

type Account = {
  readonly appended: number
  readonly read: number
  readonly gapless: boolean
  readonly snapshot: string
  readonly stillThere: boolean
  readonly closed: string
  readonly troubles: readonly string[]
  readonly problems: readonly string[]
}

async function runChild(command: string, args: readonly string[]): Promise<Account> {
  const { stdout } = await promisify(execFile)(command, [...args], { timeout: 45_000 })
  return JSON.parse(stdout) as Account
}

test.skipIf(!canMount)(
  'a full disk (ENOSPC) costs no frame: it goes on once there is room',
  async () => {
    const script = `${MOUNT} && exec "$2" "$3" "$1" frees`
    const args = ['-rm', 'sh', '-c', script, 'sh', dir, process.execPath, CHILD]
    const account = await runChild('unshare', args)
    expect(account.troubles.length).toBe(2)
    expect(account.troubles[0]).toMatch(/cannot be written \(ENOSPC.*free space or repair the disk/)
    expect(account.troubles[1]).toBe('works')
    expect(account.appended).toBeGreaterThan(1000)
    expect(account).toMatchObject({
      read: account.appended,
      gapless: true,
      problems: [],
      closed: 'closed',
      // a snapshot that finds no room leaves the one before it
      snapshot: 'ENOSPC',
      stillThere: true,
    })
  },
)

test.skipIf(process.platform === 'win32')(
  'a disk that takes no more until the end leaves a gapless prefix, and close() says so',
  async () => {
    // a file of more than this many blocks is refused (EFBIG), like a disk that stays full
    const script = 'ulimit -f 1000 && exec "$1" "$2" "$3" ends'
    const account = await runChild('sh', ['-c', script, 'sh', process.execPath, CHILD, dir])
    expect(account.troubles).toEqual([expect.stringMatching(/cannot be written \(EFBIG/)])
    expect(account.closed).toBe(account.troubles[0])
    expect(account.gapless).toBe(true)
    expect(account.read).toBeGreaterThan(100)
    expect(account.read).toBeLessThan(account.appended)
    // half a record lies at the end: it is cut off, and the journal goes on
    const problems: string[] = []
    const home = join(dir, 'journal')
    const journal = await openJournal(home, { onProblem: (problem) => problems.push(problem) })
    journal.append(textFrame('more'))
    await journal.close()
    expect(problems.length).toBe(account.problems.length)
    const { frames, problems: left } = await readFrames(home)
    expect(frames.length).toBe(account.read + 1)
    expect(left).toEqual([])
  },
)

test('a journal that is as large as it may be waits for room, tells it once, and loses nothing', async () => {
  const told: (string | null)[] = []
  const journal = await openJournal(dir, {
    maxBytes: 8000,
    onTrouble: (error) => told.push(error?.message ?? null),
  })
  let count = 0
  const append = () => journal.append(textFrame('x'.repeat(68), count++))
  while (append()) await journal.sync()
  expect(journal.bytes + 100).toBe(8000)
  expect(append()).toBe(false)
  await journal.sync()
  expect(journal.bytes).toBe(8100)
  expect(told).toEqual([expect.stringContaining('FLOW_JOURNAL_MAX_MIB')])
  let isDrained = false
  const drained = journal.drained().then(() => {
    isDrained = true
  })
  await journal.dropBefore({ segment: 1, offset: 2000 }) // nothing lies wholly before
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isDrained).toBe(false)
  expect((await readFrames(dir)).frames.length).toBe(count)
  await journal.dropBefore(journal.position)
  await drained
  expect(told.slice(1)).toEqual([null])
  expect(append()).toBe(true)
  await journal.close()
  const { frames } = await readFrames(dir)
  expect(frames.at(-1)!.recv).toBe(count - 1)
  expect(journal.bytes).toBe(frames.length * 100)
})

test('a disk that falls behind is waited for, with every frame kept and without a word', async () => {
  const told: unknown[] = []
  const journal = await openJournal(dir, { onTrouble: (error) => told.push(error) })
  const bytes = new Uint8Array(MIB)
  const answers = Array.from({ length: 10 }, (_, i) =>
    journal.append({ ...textFrame('', i), bytes }),
  )
  expect(answers).toEqual([true, true, true, true, true, true, true, false, false, false])
  await journal.drained()
  expect(journal.append(textFrame('', 10))).toBe(true)
  expect(() => {
    for (let i = 0; i < 80; i++) journal.append({ ...textFrame(''), bytes })
  }).toThrow('is not waited for')
  await journal.sync()
  await journal.close()
  expect(told).toEqual([])
  const { frames } = await readFrames(dir)
  expect(frames.slice(0, 11).map(({ recv }) => recv)).toEqual([...Array(11).keys()])
})

test('who waits when the journal is closed is told so', async () => {
  const journal = await openJournal(dir, { maxBytes: 400 })
  while (journal.append(textFrame('x'.repeat(100))));
  const drained = expect(journal.drained()).rejects.toThrow('the journal is closed')
  await journal.close()
  await drained
})
