import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFolder } from '../../src/journal/folder-lock.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-lock-'))
})
afterEach(() => rm(dir, { recursive: true }))

/** Id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid!
}

test('a folder is taken once at a time within a process too, and free after letting go', async () => {
  const unlock = await lockFolder(dir)
  await expect(lockFolder(dir)).rejects.toThrow(`process ${process.pid}`)
  unlock()
  unlock() // a second time changes nothing
  const again = await lockFolder(dir)
  expect((await readdir(dir)).length).toBe(1)
  again()
})

test('the lock of a dead process is taken over', async () => {
  await writeFile(join(dir, 'lock.3'), `${await deadPid()} \n`)
  const unlock = await lockFolder(dir)
  expect(await readdir(dir)).toEqual(['lock.4'])
  unlock()
})

test('the lock of a process whose id another one has now is taken over', async () => {
  // this one's parent lives, and began at another time than the file says
  await writeFile(join(dir, 'lock.1'), `${process.ppid} another-boot.1\n`)
  const taking = lockFolder(dir)
  if (process.platform === 'linux') (await taking)()
  else await expect(taking).rejects.toThrow('another engine') // its start is not known there
})

test('the lock of a process that lives is not taken, and says whose it is', async () => {
  await writeFile(join(dir, 'lock.1'), `${process.ppid} \n`)
  await expect(lockFolder(dir)).rejects.toThrow(`process ${process.ppid}`)
  expect(await readdir(dir)).toEqual(['lock.1'])
})

test('a lock with our own id from before a restart of the container is taken over', async () => {
  await writeFile(join(dir, 'lock.1'), `${process.pid} another-boot.1\n`)
  const unlock = await lockFolder(dir)
  unlock()
})

test.each(['', '1', 'nonsense\n'])('a lock with %j in it is free', async (text) => {
  await writeFile(join(dir, 'lock.9'), text)
  const unlock = await lockFolder(dir)
  expect(await readFile(join(dir, 'lock.10'), 'utf8')).toMatch(new RegExp(`^${process.pid} .*\n$`))
  unlock()
})

test('of many processes that find a dead lock at once, one takes it', async () => {
  await writeFile(join(dir, 'lock.1'), `${await deadPid()} \n`)
  const module = new URL('../../src/journal/folder-lock.ts', import.meta.url).href
  const code = `
    const { lockFolder } = await import(${JSON.stringify(module)})
    process.stdout.write('ready ')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    const answer = await lockFolder(${JSON.stringify(dir)}).then(() => 'taken', (error) => error.message)
    process.stdout.write(answer)
    await new Promise((resolve) => process.stdin.once('end', resolve))
    process.exit(0)`
  const children = Array.from({ length: 6 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const told = { text: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      told.text += chunk
    })
    return { child, told }
  })
  const all = (pattern: RegExp) => () => children.every(({ told }) => pattern.test(told.text))
  await expect.poll(all(/ready/), { timeout: 20_000, interval: 5 }).toBe(true)
  for (const { child } of children) child.stdin.write('go')
  await expect.poll(all(/ready .+/), { timeout: 20_000, interval: 5 }).toBe(true)
  const answers = children.map(({ told }) => told.text)
  const closed = children.map(({ child }) => once(child, 'close'))
  for (const { child } of children) child.stdin.end()
  await Promise.all(closed)
  expect(answers.filter((text) => text === 'ready taken').length).toBe(1)
  expect(answers.filter((text) => text.includes('another engine')).length).toBe(5)
  const left = await readdir(dir)
  expect(left.length).toBe(1)
})
