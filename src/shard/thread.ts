import { move, transferableSymbol, valueSymbol, workerData } from 'piscina'
import { EventSlab } from '../slab/event-slab.ts'
import { Classifier, type ClassifierOptions } from './classifier.ts'
import type { ShardResult, ShardTask } from './task.ts'

/**
 * A shard's thread. The pool blocks it between calls, so it has no timers, sockets or promises:
 * everything it knows of time comes with the slabs.
 */
const classifier = new Classifier(workerData as ClassifierOptions)

export default function run(task: ShardTask): unknown {
  const { sink } = classifier
  if (task.restored !== null) classifier.load(task.restored)
  const heldBefore = task.restored === null ? 0 : classifier.held
  if (task.definitions !== null) classifier.define(task.definitions)
  for (const buffer of task.rowSlabs) sink.offer(buffer)
  sink.flush()
  let next = task.from
  if (task.slab !== null) next = classifier.read(new EventSlab(task.slab), task.from, task.rows)
  if (next === task.rows) {
    if (task.isDrain) classifier.closeEverything()
    else classifier.closeQuiet(task.clocks)
  }
  const taken = {
    slab: task.slab,
    next,
    filled: sink.take(),
    cancels: classifier.takeCancels(),
    requotes: classifier.takeRequotes(),
    profiles: task.wantsProfiles ? classifier.takeProfiles() : [],
    counts: classifier.takeCounts(),
    premium: classifier.takePremium(),
    held: classifier.held,
    pending: classifier.pending,
    heldBefore,
    isWaiting: sink.isWaiting,
    empties: sink.empties,
    classifiedAt: performance.timeOrigin + performance.now(),
  }
  const startedAt = performance.now()
  const maySave = task.wantsState && next === task.rows && !sink.isWaiting
  const state = maySave ? classifier.save() : null // all else is taken by now
  const saveMs = state === null ? 0 : performance.now() - startedAt
  const result: ShardResult = { ...taken, state, saveMs }
  const buffers = result.filled.map((rows) => rows.buffer)
  if (task.slab !== null) buffers.push(task.slab)
  if (state !== null) buffers.push(state.buffer)
  return move({ [transferableSymbol]: buffers, [valueSymbol]: result } as never)
}
