import type { Cancel } from '../slab/cancel.ts'
import type { Definitions } from '../slab/definitions.ts'
import type { Requote } from '../slab/requote.ts'
import { RowSlab } from '../slab/row-slab.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_ROWS_MAX,
  type Batch,
  clearBatch,
  isFull,
  newBatch,
} from './batch.ts'
import { CopyBuffer } from './copy-buffer.ts'
import type { RowEncoder } from './copy-rows.ts'
import type { EventAssembler } from './events.ts'
import type { Gap, PostedSlab } from './messages.ts'

type Item =
  | { readonly kind: 'slab'; readonly slab: PostedSlab; readonly columns: RowSlab; next: number }
  | { readonly kind: 'requote'; readonly requote: Requote }
  | { readonly kind: 'cancel'; readonly cancel: Cancel }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'mark'; readonly receivedTo: number }
  | { readonly kind: 'settle'; readonly settle: number }

/**
 * What was posted and is not stored yet, in order: the batch that forms, encoded as far as its
 * limits allow, and the rest as it came. Two batches take turns, so one forms while the other is in
 * COPY.
 */
export class Forming {
  readonly #encoder: RowEncoder
  readonly #events: EventAssembler
  readonly #rest: Item[] = []
  #forming = newBatch(new CopyBuffer())
  #spare: Batch | null = newBatch(new CopyBuffer())

  constructor(encoder: RowEncoder, events: EventAssembler) {
    this.#encoder = encoder
    this.#events = events
  }

  /** Must come ahead of the first slab that uses the definitions. */
  define(definitions: Definitions): void {
    this.#encoder.define(definitions)
    this.#events.define(definitions)
  }

  get batch(): Batch {
    return this.#forming
  }

  addSlab(slab: PostedSlab): void {
    this.#add({ kind: 'slab', slab, columns: new RowSlab(slab.buffer), next: 0 })
  }

  /** A late quote of a print whose row was posted before. */
  addRequote(requote: Requote): void {
    this.#add({ kind: 'requote', requote })
  }

  addCancel(cancel: Cancel): void {
    this.#add({ kind: 'cancel', cancel })
  }

  addGap(gap: Gap): void {
    this.#add({ kind: 'gap', gap })
  }

  /** A later mark says all that an earlier one did. */
  addMark(receivedTo: number): void {
    if (this.#rest.at(-1)?.kind === 'mark') this.#rest.pop()
    this.#add({ kind: 'mark', receivedTo })
  }

  /** Makes a batch due that tells once all that was posted before is stored. */
  addSettle(settle: number): void {
    this.#add({ kind: 'settle', settle })
  }

  /**
   * Takes the batch to store it; the next one forms from the rest. Bring it back with `release`.
   */
  take(): Batch {
    if (this.#spare === null) throw new Error('a batch is in store already')
    const batch = this.#forming
    this.#forming = this.#spare
    this.#spare = null
    return batch
  }

  release(batch: Batch): void {
    clearBatch(batch)
    this.#spare = batch
  }

  /**
   * Moves the first of the rest into the forming batch, as far as it may hold it; false when there
   * was nothing to move or no room. A step encodes one slab at most, about 2 ms.
   */
  fillStep(): boolean {
    const item = this.#rest[0]
    if (item === undefined || isFull(this.#forming)) return false
    if (this.#move(item)) this.#rest.shift()
    return true
  }

  /** While older items wait for room, or for the next step, this one waits behind them. */
  #add(item: Item): void {
    this.#rest.push(item)
    if (this.#rest.length === 1) this.fillStep()
  }

  /** True when all of the item is in the batch. */
  #move(item: Item): boolean {
    const batch = this.#forming
    if (item.kind === 'mark') {
      batch.receivedTo = item.receivedTo // goes with what is stored anyway
      return true
    }
    if (Number.isNaN(batch.firstAt)) batch.firstAt = performance.now()
    if (item.kind === 'requote') batch.requotes.push(item.requote)
    else if (item.kind === 'cancel') batch.cancels.push(item.cancel)
    else if (item.kind === 'gap') batch.gaps.push(item.gap)
    else if (item.kind === 'settle') batch.settles = item.settle
    else {
      const startedAt = performance.now()
      const { rows } = item.slab
      const { copy } = batch
      const from = item.next
      item.next = this.#encoder.encode(
        item.columns,
        item.next,
        rows,
        copy,
        BATCH_ROWS_MAX,
        BATCH_BYTES_MAX,
      )
      this.#events.take(item.columns, from, item.next, batch.events)
      batch.encodeMs += performance.now() - startedAt
      if (item.next < rows) return false
      batch.slabs.push(item.slab)
    }
    return true
  }
}
