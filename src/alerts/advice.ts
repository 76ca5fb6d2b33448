import type { SinkKind } from './rules.ts'

const MAKE: Readonly<Record<SinkKind, string>> = {
  discord: 'make the webhook again in the settings of the Discord channel',
  slack: 'make the webhook again in the settings of the Slack app',
  webhook: 'look at the address and at what the receiver expects',
}

/** One line for a sink that takes nothing any more: what came and what to do. */
export function brokenLine(sink: string, kind: SinkKind, words: string, minutes: number): string {
  return (
    `alerts to ${sink}: expected a 2xx of the ${kind} sink, came ${words}; ${MAKE[kind]}, correct ` +
    `FLOW_ALERTS_FILE and start again; nothing is sent there for ${minutes} minutes`
  )
}

/** One line for an alert that a sink does not take, while it takes others. */
export function refusedLine(sink: string, kind: SinkKind, rule: string, words: string): string {
  return `an alert of rule ${rule} to ${sink} is given up: the ${kind} sink answered ${words}`
}
