import type { Saved } from './engine.ts'
import { open, type Sample, STAGES, type Stage } from './samples.ts'
import { difference, median, quantileOf } from './statistics.ts'
import { type Check, growth, latencyBetween, logFullAt, logGrowth, rateOf } from './verdict.ts'

const ROW_S = 300
const MIB = 2 ** 20

export type Run = {
  readonly machine: string
  readonly commit: string
  readonly startedAt: Date
  readonly command: string
  readonly minSize: string
  readonly samples: readonly Sample[]
  readonly checks: readonly Check[]
  readonly saved: readonly Saved[]
  readonly troubles: readonly string[]
  readonly troubleCount: number
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(0)
const ms = (seconds: number): string => (seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)

/** One line for each five minutes of the run; the rest that is not whole is one too. */
export function tableOf(samples: readonly Sample[]): string[] {
  const head = [
    '| minute | rss | heap | external | fds | threads | CPU | loop p99 / max | p50 | p99 | stored/s | open | spool | database |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|',
  ]
  const groups = Map.groupBy(samples.slice(1), ({ atS }) => Math.ceil(atS / ROW_S))
  let before = samples[0]!
  const rows = [...groups.values()].map((of) => {
    const line = rowOf(before, of)
    before = of.at(-1)!
    return line
  })
  return [...head, ...rows]
}

function rowOf(before: Sample, of: readonly Sample[]): string {
  const last = of.at(-1)!
  const seconds = last.atS - before.atS
  const middle = (figure: (sample: Sample) => number): number => median(of.map(figure))
  const latency = difference(last.latency.receive_to_committed, before.latency.receive_to_committed)
  const lagMax = Math.max(...of.map((sample) => sample.lagMax))
  const cells = [
    `${Math.round(before.atS / 60)}-${Math.round(last.atS / 60)}`,
    mib(middle(({ rss }) => rss)),
    mib(middle(({ heap }) => heap)),
    mib(middle(({ external }) => external)),
    middle(({ fds }) => fds),
    middle(({ threads }) => threads),
    `${(100 * ((last.cpuS - before.cpuS) / seconds)).toFixed(0)} %`,
    `${ms(middle(({ lagP99 }) => lagP99))} / ${ms(lagMax)}`,
    ms(quantileOf(latency, 0.5)),
    ms(quantileOf(latency, 0.99)),
    Math.round((last.account.stored - before.account.stored) / seconds),
    open(last.account),
    mib(Math.max(...of.map(({ spool }) => spool))),
    `${(last.database / 1e9).toFixed(2)} GB`,
  ]
  return `| ${cells.join(' | ')} |`
}

/** The text of docs/soak.md. */
export function documentOf(run: Run): string {
  const { samples, checks, saved } = run
  const last = samples.at(-1)!
  const { account, feed } = last
  const isGood = checks.every((check) => check.isGood)
  const bad = checks.filter((check) => !check.isGood).map(({ name }) => name)
  const memory = (name: string, figure: (sample: Sample) => number): string => {
    const { slope, low, high, points } = growth(samples, figure)
    const hour = (value: number): string => ((value * 3600) / MIB).toFixed(2)
    return `| ${name} | ${hour(slope)} | ${hour(low)}..${hour(high)} | ${points} |`
  }
  const quarter = (stage: Stage, name: string, from: number): string => {
    const latency = latencyBetween(samples, stage, from, from + 0.25)
    const cells = [0.5, 0.9, 0.99, 0.999].map((share) => ms(quantileOf(latency, share)))
    return `| ${stage} | ${name} | ${cells.join(' | ')} |`
  }
  const share = (part: number): string => `${((100 * part) / account.received).toFixed(1)} %`
  return `# Soak

Written by \`${run.command}\`.

${run.machine}, ${run.startedAt.toISOString().slice(0, 16)}Z, commit ${run.commit}.

**${isGood ? 'Passed' : `Not passed: ${bad.join(', ')}`}.** ${(last.atS / 60).toFixed(1)} minutes, ${rateOf(samples).toFixed(0)} prints a second
with ${(feed.quotesPerRound / feed.printsPerRound).toFixed(1)} quotes each, ${account.received} prints in all, of ${feed.contracts} contracts.

| question | answer | |
|---|---|---|
${checks.map(({ name, answer, isGood: good }) => `| ${name} | ${answer} | ${good ? 'yes' : '**no**'} |`).join('\n')}

## How

The engine is a process of its own (\`flow run\`, one shard, journal on) against a feed that plays a round of 20 s of the
simulator's synthetic market again and again by the clock, each time with the present time and new sequences: sweeps, splits,
packages, late prints, cancels, prints sent twice, an underlying that is not watched, bursts of up to 20 times the rate. The rate is
kept whether the engine keeps up or not. Every 10 s one look at /proc, /metrics and PostgreSQL.

FLOW_MIN_SIZE was ${run.minSize}: ${share(account.stored)} stored, ${share(account.below_min_size)} below it, ${share(account.filtered)} filtered; ${account.duplicate} duplicates,
${account.cancelled} cancels and what they removed, ${account.dropped} dropped. ${last.reconnects} reconnects. The feed was late itself by at most
${Math.max(...samples.map((sample) => sample.feed.lateMsMax)).toFixed(0)} ms, and at most ${mib(Math.max(...samples.map((sample) => sample.feed.aheadBytesMax)))} MiB waited in it for the engine.

## Memory

Slopes of a straight line through the last three quarters of the run, with the interval of 95 %. In a run of more than ten minutes a
point is the least of a minute: a snapshot of the state comes each minute and is seen in the memory, and what leaks is not
given back. The most that was ever resident: ${mib(Math.max(...samples.map(({ rss }) => rss)))} MiB.

| | MiB an hour | interval | points |
|---|---|---|---|
${memory('resident memory of the process', ({ rss }) => rss)}
${memory('heap of the main thread', ({ heap }) => heap)}
${memory('external memory of the main thread', ({ external }) => external)}

What grows by design has an end within the run: the log of the day is a ring of 4,194,304 prints of 66 bytes (264 MiB), full ${fullText(samples)};
by design it grew by ${mib(logGrowth(samples))} MiB in the last three quarters, and that is taken off above. The
contracts are those of one round, known after 20 s; quotes are kept for 10 s. So what still grows is a leak: more than 1 byte a print
fails, 3 handles an hour too.${shortText(samples)}

## Latency

Of the oldest print in each slab, so an upper bound; within a bucket of the histogram values count as spread evenly. A print that
may be a leg of a sweep is held until its window closes, half a second and more: that is most of receive_to_committed. ms.

| stage | quarter | p50 | p90 | p99 | p99.9 |
|---|---|---|---|---|---|
${STAGES.flatMap((stage) => [quarter(stage, 'first', 0), quarter(stage, 'last', 0.75)]).join('\n')}

The event loop of the main thread stood still for 50 ms or more ${last.stalls} times, ${last.stalledS.toFixed(2)} s in all.
${savedText(saved)}

## By five minutes

Memory in MiB and counts: medians. CPU of the engine's process. Loop: p99 and the largest lag. Latency in ms. Open: received and not yet
accounted for at the end (held prints). Spool: its largest.

${tableOf(samples).join('\n')}
${troublesText(run)}`
}

function fullText(samples: readonly Sample[]): string {
  const at = logFullAt(samples)
  return Number.isNaN(at) ? 'not within this run' : `after ${(at / 60).toFixed(1)} minutes`
}

function shortText(samples: readonly Sample[]): string {
  if (logFullAt(samples) < samples.at(-1)!.atS / 4) return ''
  return ' This run was too short for that: the ring was not full when the last three quarters began.'
}

function savedText(saved: readonly Saved[]): string {
  if (saved.length === 0) return 'No snapshot of the state was saved.'
  const of = (figure: (one: Saved) => number): readonly number[] => saved.map(figure)
  const shard = of((one) => one.shard_ms)
  const whole = of((one) => one.ms)
  return (
    `${saved.length} snapshots of the state, the last of ${mib(saved.at(-1)!.bytes)} MiB: ` +
    `the shard stood still for ${median(shard)} ms (at most ${Math.max(...shard)}), the whole took ` +
    `${median(whole)} ms (at most ${Math.max(...whole)}).`
  )
}

function troublesText({ troubles, troubleCount }: Run): string {
  if (troubleCount === 0) return '\nNo warning and no error in the log.\n'
  const shown = troubles.map((line) => line.slice(0, 300)).join('\n')
  return `\n${troubleCount} warnings and errors in the log, the first of them:\n\n\`\`\`\n${shown}\n\`\`\`\n`
}
