import { figuresBetween, type LiveSample } from '../console/live-figures.ts'
import { liveTerminal } from '../console/live-terminal.ts'
import { liveViewLines, TOP_PRINTS } from '../console/live-view.ts'
import type { Line, Log, LogFormat } from '../console/log.ts'
import type { LogTarget } from '../console/log-target.ts'
import type { TerminalStream } from '../console/patient-terminal.ts'
import { TopPrints } from '../console/top-prints.ts'

const DRAW_MS = 1_000
/** Rates and latencies are of the last while. */
const SAMPLES_MAX = 10
const TOP_MS = 5 * 60_000

export type RunView = {
  /** Takes the log of the run. */
  log(format: LogFormat): LogTarget
  /** The log, seen on its way. */
  watch(log: Log): Log
  /** Draws from now on what `sample` says. */
  start(sample: () => Promise<LiveSample>): void
  end(): void
}

/** The live view of `flow run` on a terminal: the log, and below it how the engine is. */
export function runView(stream: TerminalStream): RunView {
  const terminal = liveTerminal(stream)
  const top = new TopPrints(TOP_MS)
  const startedAt = Date.now()
  const samples: LiveSample[] = []
  let url: string | null = null
  let timer: NodeJS.Timeout | undefined
  let isDrawing = false
  const see = ({ msg, fields, text }: Line): void => {
    if (msg === 'listening') url = String(fields?.url)
    if (msg === 'print') top.add(Number(fields?.premium), text, Date.now())
  }
  const draw = async (sample: () => Promise<LiveSample>): Promise<void> => {
    samples.push(await sample())
    if (samples.length > SAMPLES_MAX) samples.shift()
    const now = samples.at(-1)!
    terminal.draw(
      liveViewLines({
        figures: figuresBetween(samples[0]!, now),
        uptimeMs: now.at - startedAt,
        url,
        top: top.largest(TOP_PRINTS, now.at),
        columns: terminal.columns,
      }),
    )
  }
  const end = (): void => {
    clearInterval(timer)
    terminal.end()
  }
  return {
    log: terminal.log,
    watch: (log) => ({
      ...log,
      say: (line) => {
        see(line)
        log.say(line)
      },
    }),
    start(sample) {
      timer = setInterval(() => {
        if (isDrawing) return
        isDrawing = true
        draw(sample)
          .catch(end) // a view that fails must not take the engine along
          .finally(() => {
            isDrawing = false
          })
      }, DRAW_MS).unref()
    },
    end,
  }
}
