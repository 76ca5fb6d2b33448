import { type PrintLog, PrintState } from '../domain/print-log.ts'
import type { Cancel, RemovedPrint } from '../slab/cancel.ts'
import type { EventSlab } from '../slab/event-slab.ts'
import type { Assembler } from './assembler.ts'
import type { ContractDays } from './contract-days.ts'
import type { ContractTable } from './contracts.ts'
import { COUNT_CANCELLED } from './counts.ts'

/** Cancel messages: each removes the newest print that it can mean (rules.md, cancels). */
export class Cancels {
  readonly #contracts: ContractTable
  readonly #days: ContractDays
  readonly #log: PrintLog
  readonly #assembler: Assembler
  #cancels: Cancel[] = []

  constructor(contracts: ContractTable, days: ContractDays, log: PrintLog, assembler: Assembler) {
    this.#contracts = contracts
    this.#days = days
    this.#log = log
    this.#assembler = assembler
  }

  /** Whether nothing waits for `take`: then there is nothing to save. */
  get isTaken(): boolean {
    return this.#cancels.length === 0
  }

  /** The cancels since the last call, with what each removed. */
  take(): Cancel[] {
    const cancels = this.#cancels
    this.#cancels = []
    return cancels
  }

  /** One cancel message. `day`: its New York date; `now`: event time. */
  read(slab: EventSlab, row: number, id: number, day: number, now: number): void {
    const time = slab.time[row]!
    const price = slab.priceA[row]!
    const sequence = slab.priceB[row]!
    const size = slab.sizeA[row]!
    const exchange = slab.sizeB[row]!
    this.#assembler.count(COUNT_CANCELLED)
    const log = this.#log
    const index = log.findForCancel(id, day, exchange, price, size)
    let removed: RemovedPrint | null = null
    if (index !== 0) {
      const state = log.stateOf(index)
      removed = {
        time: log.timeOf(index),
        sequence: log.sequenceOf(index),
        arrival: log.arrivalOf(index),
        wasStored: state === PrintState.Stored,
      }
      if (state === PrintState.Held) this.#assembler.removeHeld(log.heldOf(index), now)
      log.setState(index, PrintState.Removed)
      this.#days.cancel(id, day, size)
    }
    const conditions = slab.conditions[row]!
    log.add(id, day, sequence, time, price, size, exchange, conditions, 0, PrintState.Cancel)
    const contract = this.#contracts.id[id]!
    const recv = slab.recv[row]!
    this.#cancels.push({ contract, time, sequence, recv, price, size, exchange, removed })
  }
}
