/**
 * A process that the tests kill. It appends numbered frames of seeded sizes for ever, and tells on
 * its standard output how many of them the journal has written: `node child.ts DIR SEED`.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isBefore, type Position } from '../../src/journal/position.ts'
import { openJournal, readFrames, textFrame } from './frames.ts'

const [dir, seedText] = process.argv.slice(2)
let seed = Number(seedText)
const random = (below: number): number => {
  seed = (seed * 48271) % 2147483647
  return seed % below
}
const journal = await openJournal(dir!, { segmentBytes: 300_000, syncMs: 10 })
let count = (await readFrames(dir!)).frames.length
let told = -1
const ends: Position[] = []
/** Frames that lay in the folder before, or are in `ends` no more. */
let written = count

function tell(): void {
  while (ends.length > 0 && !isBefore(journal.written, ends[0]!)) {
    ends.shift()
    written++
  }
  if (written === told) return
  told = written
  writeSync(1, `${written}\n`)
}

tell()
for (;;) {
  let hasRoom = true
  for (let i = random(40); i >= 0; i--) {
    const text = `${count} `.padEnd(8 + random(random(8) === 0 ? 20_000 : 600), 'x')
    hasRoom = journal.append(textFrame(text, count++))
    ends.push(journal.position)
  }
  if (!hasRoom) await journal.drained()
  await (random(3) === 0 ? sleep(1) : new Promise((resolve) => setImmediate(resolve)))
  tell()
}
