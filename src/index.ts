/** The library: what other programs may build on. Everything else may change without notice. */
export { ConfigError } from './config.ts'
export { type Contract, parseContract, underlyingOf } from './domain/contract.ts'
export type { BoostSettings, CompositeScores } from './flow/boost.ts'
export { applyCompositeBoost, applyFlowBoost, BOOST_DEFAULTS } from './flow/boost.ts'
export type { FlowEngineOptions } from './flow/flow-analysis-engine.ts'
export type {
  BoostContext,
  ContextGap,
  ContextScores,
  Direction,
  FlowContext,
  FlowSentiment,
  FlowWindow,
  Recommendation,
  ScorePart,
} from './flow/flow-context.ts'
export { FlowAnalysisEngine } from './library.ts'
export type { ReadOptions, RecordedFrame } from './recording/frame.ts'
export { readRecording } from './recording/read.ts'
