import { Command } from 'commander'
import { checkRecording, readRecording } from '../recording/read.ts'
import { CLUSTERS, type Cluster } from '../simulator/clusters.ts'
import { type Fault, parseFault } from '../simulator/faults.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/server.ts'
import { onSignals } from './signals.ts'

type Flags = {
  readonly host: string
  readonly port: string
  readonly tape?: string
  readonly speed: string
  readonly seed: string
  readonly rate: string
  readonly symbols?: string
  readonly apiKey?: string
  readonly maxConnections: string
  readonly clusters: string
  readonly waitFor: string
  readonly fault: readonly string[]
  readonly deflate?: boolean
  readonly shiftToNow?: boolean
  readonly eventsPerFrame: string
}

/** `flow simulate`: a vendor on loopback. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('a vendor on loopback: its WebSocket and REST, from a tape or a synthetic market')
    .option('--host <address>', 'listen on this address', '127.0.0.1')
    .option('--port <number>', 'listen on this port; 0: any free one', '0')
    .option('--tape <file>', 'play a recording, *.frames.jsonl[.gz] or a flat file trades_v1')
    .option('--speed <1|10|max>', 'of the tape', '1')
    .option('--seed <number>', 'of the synthetic tape', '1')
    .option('--rate <number|max>', 'prints a second of the synthetic tape', '200')
    .option('--symbols <list>', 'underlyings of the synthetic tape (default SPX,NDX,SPY,QQQ,IWM)')
    .option('--api-key <key>', 'the only key that is accepted (default: any but "invalid")')
    .option('--max-connections <number>', 'connections of one key to a cluster', '1')
    .option('--clusters <list>', 'of the plan; the others refuse a key', CLUSTERS.join(','))
    .option('--wait-for <number>', 'begin once so many connections have subscribed', '1')
    .option(
      '--fault <fault>',
      'such as drop@10s, silence@5s:30s, authfail, rest500:10%; repeatable',
      collect,
      [],
    )
    .option('--deflate', 'accept permessage-deflate')
    .option('--shift-to-now', 'move the times of the tape into the present')
    .option('--events-per-frame <number>', 'of the synthetic tape, at most', '32')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action(async (flags: Flags) => {
      process.exitCode = await simulate(flags)
    })
}

const collect = (fault: string, faults: readonly string[]): string[] => [...faults, fault]

/** Runs until a signal. Exit code 0 done, 1 it could not go on, 2 the flags are wrong. */
async function simulate(flags: Flags): Promise<number> {
  const { options, problems } = optionsOf(flags)
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`flow: ${problem}\n`)
    return 2
  }
  let simulator: Simulator
  try {
    if (flags.tape !== undefined) await checkRecording(flags.tape) // before anybody connects
    simulator = await startSimulator(options)
  } catch (error) {
    process.stderr.write(`flow: the simulator cannot start: ${(error as Error).message}\n`)
    return 1
  }
  process.stdout.write(
    `simulated vendor, nothing here is real\n` +
      `  WebSocket ${simulator.wsUrl}\n  REST      ${simulator.restUrl}\n` +
      `point the engine at it:\n` +
      `  MASSIVE_API_KEY=${flags.apiKey === undefined ? 'demo' : '<your --api-key>'} ` +
      `FLOW_FEED_URL=${simulator.wsUrl} FLOW_REST_URL=${simulator.restUrl} flow run\n`,
  )
  const signal = Promise.withResolvers<number>()
  const stop = () => signal.resolve(0)
  onSignals(stop, () => process.exit(1))
  let isStopping = false
  simulator.finished.then(
    () => isStopping || process.stdout.write(`the tape has ended; ${account(simulator)}\n`),
    (error: Error) => {
      process.stderr.write(`flow: the tape cannot be played: ${error.message}\n`)
      signal.resolve(1)
    },
  )
  const code = await signal.promise
  isStopping = true
  await simulator.close()
  process.stdout.write(`${account(simulator)}\n`)
  return code
}

function account(simulator: Simulator): string {
  const { prints, quotes, framesSent, slowKills } = simulator.stats()
  return `${prints} prints, ${quotes} quotes, ${framesSent} frames sent, ${slowKills} slow clients cut`
}

function optionsOf(flags: Flags): { options: SimulatorOptions; problems: readonly string[] } {
  const problems: string[] = []
  const whole = (name: string, text: string, least: number, most: number): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= least && value <= most) return value
    problems.push(`--${name}: expected a whole number from ${least} to ${most}, came "${text}"`)
    return least
  }
  const faults = flags.fault.flatMap((text): Fault[] => {
    try {
      return [parseFault(text)]
    } catch (error) {
      problems.push(`--fault ${(error as Error).message}`)
      return []
    }
  })
  const source = sourceOf(flags, problems, whole)
  const options: SimulatorOptions = {
    source,
    host: flags.host,
    port: whole('port', flags.port, 0, 65_535),
    maxConnections: whole('max-connections', flags.maxConnections, 1, 10_000),
    waitFor: whole('wait-for', flags.waitFor, 1, 10_000),
    eventsPerFrame: whole('events-per-frame', flags.eventsPerFrame, 1, 10_000),
    deflate: flags.deflate ?? false,
    faults,
    faultSeed: source.kind === 'synthetic' ? (source.seed ?? 1) : 1,
    clusters: clustersOf(flags.clusters, problems),
    ...(flags.apiKey === undefined ? {} : { apiKey: flags.apiKey }),
  }
  if (flags.apiKey === '') problems.push('--api-key: expected a key, came none')
  return { options, problems }
}

function clustersOf(text: string, problems: string[]): Cluster[] {
  const names = text.split(',').map((name) => name.trim())
  const clusters = CLUSTERS.filter((cluster) => names.includes(cluster))
  if (clusters.length === names.length) return clusters
  problems.push(`--clusters: expected some of ${CLUSTERS.join(',')}, each once, came "${text}"`)
  return clusters
}

function sourceOf(
  flags: Flags,
  problems: string[],
  whole: (name: string, text: string, least: number, most: number) => number,
): SimulatorOptions['source'] {
  const { tape, speed, shiftToNow = false } = flags
  const symbols = flags.symbols?.split(',').map((symbol) => symbol.trim())
  for (const symbol of symbols ?? []) {
    if (/^[A-Z][A-Z0-9]{0,5}$/.test(symbol)) continue
    problems.push(`--symbols: expected underlyings such as SPX,SPY, came "${symbol}"`)
  }
  if (speed !== '1' && speed !== '10' && speed !== 'max') {
    problems.push(`--speed: expected 1, 10 or max, came "${speed}"`)
  }
  if (shiftToNow && tape === undefined) problems.push('--shift-to-now: needs a --tape')
  if (shiftToNow && speed === 'max') problems.push('--shift-to-now: needs --speed 1 or 10')
  const seed = whole('seed', flags.seed, 0, 2 ** 32 - 1)
  const rate = flags.rate === 'max' ? 'max' : whole('rate', flags.rate, 1, 1_000_000)
  if (tape === undefined) {
    return { kind: 'synthetic', seed, rate, ...(symbols === undefined ? {} : { symbols }) }
  }
  const onProblem = (problem: string) => process.stderr.write(`${tape}: ${problem}\n`)
  return {
    kind: 'tape',
    open: () => readRecording(tape, { onProblem }),
    speed: speed === 'max' ? 'max' : speed === '10' ? 10 : 1,
    shiftToNow,
  }
}
