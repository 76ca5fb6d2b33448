import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { RateWindow } from '../alerts/rate-window.ts'
import { type AlertRules, secretsOfRules } from '../alerts/rules.ts'
import { sendSample } from '../alerts/sample.ts'
import { ConfigError } from '../config.ts'
import { UsageError } from '../usage-error.ts'
import { alertRulesOf } from './alert-rules.ts'
import { setupFor } from './start.ts'

/** `flow alerts check` and `flow alerts test`. */
export function alertsCommand(): Command {
  return new Command('alerts')
    .description('check the rules of the alerts, or send a sample to each sink')
    .addCommand(checkCommand())
    .addCommand(testCommand())
}

function checkCommand(): Command {
  const command = new Command('check').description('read the rules file and say what is wrong')
  const rules = rulesFor(command)
  return command.action(() => {
    const found = rules()
    const sinks = found.sinks.map(({ name, kind }) => `${name} (${kind})`).join(', ')
    process.stdout.write(`${found.rules.length} rules, ${found.sinks.length} sinks: ${sinks}\n`)
  })
}

function testCommand(): Command {
  const command = new Command('test')
    .description('send a sample of each rule, marked as a test, to each of its sinks')
    .addOption(new Option('--rule <NAME>', 'only this rule'))
  const rules = rulesFor(command)
  return command.action(async ({ rule }: { rule?: string }) => {
    process.exitCode = await sendSamples(rules(), rule)
  })
}

function rulesFor(command: Command): () => AlertRules {
  const setup = setupFor(command, ['alertsFile'], process.stderr)
  return () => {
    const rules = alertRulesOf(setup().config)
    if (rules !== null) return rules
    const what = 'FLOW_ALERTS_FILE: expected the path of a rules file, came none; set it'
    throw new ConfigError([what])
  }
}

/** Exit code: 1 where a sink did not take its sample. */
async function sendSamples({ rules, sinks }: AlertRules, only: string | undefined) {
  const chosen = only === undefined ? rules : rules.filter(({ name }) => name === only)
  if (chosen.length === 0) {
    const names = rules.map(({ name }) => name).join(', ')
    throw new UsageError(`--rule: expected one of ${names}, came ${JSON.stringify(only)}`)
  }
  const secrets = secretsOfRules({ rules, sinks })
  let failed = 0
  for (const sink of sinks) {
    const window = new RateWindow(sink.rate)
    for (const rule of chosen.filter(({ sinks: named }) => named.includes(sink.name))) {
      for (let waitMs = 1; waitMs > 0; ) {
        waitMs = window.take(performance.now())
        if (waitMs > 0) await sleep(waitMs)
      }
      const { isDelivered, words } = await sendSample(rule, sink, secrets)
      if (!isDelivered) failed++
      const said = isDelivered ? 'delivered' : 'FAILED'
      process.stdout.write(`${rule.name} to ${sink.name} (${sink.kind}): ${said}, ${words}\n`)
    }
  }
  return failed === 0 ? 0 : 1
}
