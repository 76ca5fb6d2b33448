/**
 * A process whose disk is full: `node full-disk-child.ts DIR frees|ends`. It appends until append()
 * says no; with `frees` it then makes room and goes on. Prints an account as JSON.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readSnapshot, writeSnapshot } from '../../src/journal/snapshot-file.ts'
import { openJournal, readFrames, textFrame } from './frames.ts'
import { anySnapshot } from './snapshots.ts'

const [root, mode] = process.argv.slice(2)
const dir = join(root!, 'journal')
const states = join(root!, 'states')
const filler = join(root!, 'filler')
const troubles: string[] = []
await mkdir(dir, { recursive: true })
const kept = anySnapshot(1)
if (mode === 'frees') {
  await writeFile(filler, Buffer.alloc(2 * 1024 * 1024))
  await writeSnapshot(states, kept)
}
const journal = await openJournal(dir, {
  syncMs: 5,
  onTrouble: (error) => troubles.push(error === null ? 'works' : error.message),
})
let appended = 0
function append(): boolean {
  const text = `${appended} `.padEnd(8 + ((appended * 7919) % 3000), 'x')
  return journal.append(textFrame(text, appended++))
}
while (append()) if (appended % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
// what is on its way is still taken
for (let i = 0; i < 50; i++) append()
await sleep(1300) // one more attempt
const account = { appended, read: 0, gapless: false, snapshot: '', stillThere: false, closed: '' }
if (mode === 'frees') {
  const large = { ...kept, dictionary: new Uint8Array(8 * 1024 * 1024) }
  account.snapshot = await writeSnapshot(states, large).then(
    () => 'written',
    (error: NodeJS.ErrnoException) => error.code ?? '',
  )
  const old = await readSnapshot(
    states,
    () => null,
    () => {},
  )
  account.stillThere = old?.header.minSize === kept.header.minSize
  await rm(filler)
  await journal.drained()
  for (let i = 0; i < 50; i++) append()
  await journal.sync()
}
account.closed = await journal.close().then(
  () => 'closed',
  (error: Error) => error.message,
)
const { frames, problems } = await readFrames(dir)
account.appended = appended
account.read = frames.length
account.gapless = frames.every(
  ({ recv, bytes }, n) => recv === n && Number.parseInt(Buffer.from(bytes).toString(), 10) === n,
)
console.log(JSON.stringify({ ...account, troubles, problems }))
