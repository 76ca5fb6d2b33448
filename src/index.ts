/** The library: what other programs may build on. Everything else may change without notice. */
export { type Contract, parseContract, underlyingOf } from './domain/contract.ts'
export type { ReadOptions, RecordedFrame } from './recording/frame.ts'
export { readRecording } from './recording/read.ts'
