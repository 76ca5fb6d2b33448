/**
 * Preloaded into a flow process (--import, each thread): the wall clock is off by the ms that stand
 * in the file FAULT_CLOCK, and jumps when they change. The monotonic clock does not.
 */
import { readFileSync } from 'node:fs'

const LOOK_MS = 10

const file = process.env.FAULT_CLOCK ?? ''
const now = Date.now.bind(Date)
let offset = 0
let lookedAt = Number.NEGATIVE_INFINITY

Date.now = () => {
  const at = performance.now()
  if (at - lookedAt >= LOOK_MS) {
    lookedAt = at
    offset = Number(readFileSync(file, 'utf8')) || 0
  }
  return Math.floor(now() + offset)
}
