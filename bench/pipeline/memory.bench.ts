/** Resident bytes a contract, at 1.5 million contracts that have printed once. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Figure, type Report, spreadOf } from '../kit/figures.ts'
import type { Learner } from '../kit/memory-child.ts'

const CONTRACTS = 1_500_000
/** Each in a fresh process. Memory varies little: fewer runs than for times. */
const RUNS = 2

export async function run(): Promise<Report> {
  const [engine, writer, naive]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < RUNS; round++) {
    engine.push(await grow('engine'))
    writer.push(await grow('writer'))
    naive.push(await grow('naive'))
  }
  const figure = (name: string, bytes: number[], beside: number[] | null): Figure => ({
    name,
    unit: 'bytes a contract',
    engine: spreadOf(bytes),
    naive: beside === null ? null : spreadOf(beside),
    limit: null,
    better: 'lower',
  })
  return {
    title: `Resident memory at ${CONTRACTS / 1e6} million contracts`,
    figures: [
      figure('dictionary, router and shard', engine, naive),
      figure('writer, once it is told of them all', writer, null),
    ],
    notes: [
      `${RUNS} fresh processes each. The log of prints, 66 bytes a print in a ring, is not in it.`,
      'Naive: a Map of objects with arrays.',
    ],
  }
}

async function grow(learner: Learner): Promise<number> {
  const child = fork(
    new URL('../kit/memory-child.ts', import.meta.url),
    [learner, `${CONTRACTS}`],
    { execArgv: ['--expose-gc'] },
  )
  const [bytes] = (await once(child, 'message')) as [number]
  return bytes
}

if (import.meta.main) console.log(JSON.stringify(await run(), null, 2))
