import type { PrintLog } from '../domain/print-log.ts'
import type { QuoteHistory } from '../domain/quote-history.ts'
import type { SizeProfiles } from '../domain/size-profiles.ts'
import { StateReader, StateWriter } from '../domain/state.ts'
import type { ShardKnowledge } from '../slab/definitions.ts'
import type { Assembler } from './assembler.ts'
import type { Cancels } from './cancels.ts'
import type { ClassifierOptions } from './classifier.ts'
import type { ContractDays } from './contract-days.ts'
import type { ContractTable } from './contracts.ts'
import type { EventTime } from './event-time.ts'
import type { Evidence } from './evidence.ts'
import type { Labeller } from './labeller.ts'
import type { UnderlyingPrices } from './underlying-prices.ts'

/** To be raised when a part is added, left out or moved. */
const VERSION = 1

/** All of a classifier that has a state of its own. */
export type ShardParts = {
  readonly contracts: ContractTable
  readonly eventTime: EventTime
  readonly quotes: QuoteHistory
  readonly labeller: Labeller
  readonly days: ContractDays
  readonly profiles: SizeProfiles
  readonly prices: UnderlyingPrices
  readonly log: PrintLog
  readonly assembler: Assembler
  readonly evidence: Evidence
  readonly cancels: Cancels
}

/** See Classifier.save. */
export function saveShard(options: ClassifierOptions, parts: ShardParts): Uint8Array<ArrayBuffer> {
  const { assembler, cancels, contracts, evidence } = parts
  if (!assembler.isTaken || !cancels.isTaken || !evidence.isTaken) {
    throw new Error('rows, cancels, requotes, counts and premium must be taken before a save')
  }
  const { count, underlyings } = contracts
  const out = new StateWriter()
  out.part('shard', VERSION)
  out.number(count)
  out.number(contracts.policies.length)
  out.text(settingsOf(options))
  contracts.save(out)
  parts.eventTime.save(out, underlyings)
  parts.quotes.save(out, count)
  parts.labeller.save(out, count, underlyings)
  parts.days.save(out, count)
  parts.profiles.save(out, underlyings)
  parts.prices.save(out, count, underlyings)
  parts.log.save(out, count)
  assembler.save(out, count)
  evidence.save(out)
  return out.bytes()
}

/** Makes room in all parts for the contracts that are defined. */
export function ensureRoom(parts: ShardParts): void {
  const { count, underlyings } = parts.contracts
  parts.quotes.ensure(count)
  parts.labeller.ensure(count, underlyings)
  parts.days.ensure(count)
  parts.profiles.ensure(underlyings)
  parts.prices.ensure(count, underlyings)
  parts.log.ensure(count)
  parts.assembler.ensure(count, underlyings)
  parts.eventTime.ensure(underlyings)
}

/** See Classifier.load. */
export function loadShard(options: ClassifierOptions, parts: ShardParts, bytes: Uint8Array): void {
  const { contracts } = parts
  if (contracts.count > 0) throw new Error('a saved state is for a fresh shard')
  const from = new StateReader(bytes)
  beginShard(from)
  const settings = from.text()
  if (settings !== settingsOf(options)) {
    throw new Error(`saved state: expected the settings ${settingsOf(options)}, came ${settings}`)
  }
  contracts.load(from)
  ensureRoom(parts)
  const { count, underlyings } = contracts
  parts.eventTime.load(from, underlyings)
  parts.quotes.load(from, count)
  parts.labeller.load(from, count, underlyings)
  parts.days.load(from, count)
  parts.profiles.load(from, underlyings)
  parts.prices.load(from, count, underlyings)
  parts.log.load(from, count)
  parts.assembler.load(from, count)
  parts.evidence.load(from)
  from.end()
}

/** What the shard that was saved as `bytes` has been told, for ShardMap.skipKnown. */
export function knowledgeIn(bytes: Uint8Array): ShardKnowledge {
  return beginShard(new StateReader(bytes))
}

function beginShard(from: StateReader): ShardKnowledge {
  from.part('shard', VERSION)
  return { contracts: from.number(), nextConditionSet: from.number() }
}

/** All options in an order of their own. */
function settingsOf(options: ClassifierOptions): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)))
}
