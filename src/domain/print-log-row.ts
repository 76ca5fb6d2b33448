/**
 * One row is one cache line, because each print touches all of it:
 *
 *   f64 time | sequence | price
 *   u32 contract | arrival | inBucket | inContract | held   i32 size | exchange
 *   u16 conditions | day   u8 state | quote | type
 */
export const ROW_BYTES = 64
export const F64 = ROW_BYTES / 8
export const W32 = ROW_BYTES / 4
export const W16 = ROW_BYTES / 2
export const TIME = 0
export const SEQUENCE = 1
export const PRICE = 2
export const CONTRACT = 6
export const ARRIVAL = 7
export const IN_BUCKET = 8
export const IN_CONTRACT = 9
export const HELD = 10
export const SIZE = 11
export const EXCHANGE = 12
export const CONDITIONS = 26
export const DAY = 27
export const STATE = 56
export const QUOTE = 57
export const TYPE = 58
