import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'

/** Linux counts CPU time in ticks of 10 ms. */
const TICK_S = 0.01

/** CPU seconds so far of each thread of this process by kind, and of PostgreSQL's processes. */
export type CpuSeconds = {
  readonly main: number
  /** Workers in the order in which they were started. */
  readonly workers: readonly number[]
  /** Garbage collector, compiler and file threads of the runtime. */
  readonly runtime: number
  readonly postgres: number
}

/** Null where there is no /proc. */
export async function cpuSeconds(client: pg.Client): Promise<CpuSeconds | null> {
  if (!existsSync('/proc/self/task')) return null
  let runtime = 0
  let main = 0
  const workers: number[] = []
  const tasks = readdirSync('/proc/self/task').map(Number)
  for (const task of tasks.sort((a, b) => a - b)) {
    const { name, seconds } = readStat(`/proc/self/task/${task}/stat`)
    if (task === process.pid) main = seconds
    else if (name.startsWith('WorkerThread') || name.startsWith('[worker')) workers.push(seconds)
    else runtime += seconds
  }
  const found = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
  )
  const postgres = found.rows.reduce(
    (sum, { pid }) => sum + readStat(`/proc/${pid}/stat`).seconds,
    0,
  )
  return { main, workers, runtime, postgres }
}

function readStat(path: string): { readonly name: string; readonly seconds: number } {
  const stat = readFileSync(path, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    seconds: (Number(fields[11]) + Number(fields[12])) * TICK_S,
  }
}

/** What was spent between two looks, in us a print. */
export function cpuText(before: CpuSeconds, after: CpuSeconds, prints: number): string {
  const us = (seconds: number): string => ((seconds * 1e6) / prints).toFixed(1)
  const workers = after.workers.map((seconds, i) => us(seconds - (before.workers[i] ?? 0)))
  return (
    `main ${us(after.main - before.main)}, workers (writer, then shards) ${workers.join(' and ')}, ` +
    `runtime ${us(after.runtime - before.runtime)}, PostgreSQL ${us(after.postgres - before.postgres)}`
  )
}
