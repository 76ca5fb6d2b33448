/** How much a follower of the log of events keeps in mind. */
export type FollowLimits = {
  /** Versions that are counted at once; a look goes on behind them until it reaches the newest. */
  readonly countedMax: number
  /**
   * Versions in the time that is looked back at whose names are kept, about 150 bytes each. Where
   * there are more, the oldest are not looked at again: what commits there later is missed.
   */
  readonly toldMax: number
}

export const FOLLOW_LIMITS: FollowLimits = { countedMax: 20_000, toldMax: 100_000 }
