/** What stands before a time in JSON that holds it as text. */
const TIMES = /("(?:sip_timestamp|participant_timestamp|last_updated)":)"(\d+)"/g

/**
 * The nanoseconds of an event of the feed, as the vendor's archive has them: within the event's ms,
 * which is all that the feed tells. The same ms has the same nanoseconds; every fourth ends in
 * 999999, which a number would round into the next ms.
 */
export function nanosecondsOf(timeMs: number): bigint {
  const within = timeMs % 4 === 0 ? 999_999 : (timeMs * 7919) % 1_000_000
  return BigInt(timeMs) * 1_000_000n + BigInt(within)
}

/** JSON in which times are numbers with all their digits; bigints in the body become these. */
export function toJson(body: object): string {
  const text = JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return text.replace(TIMES, '$1$2')
}
