/** Query parameters as the vendor's REST takes them: plain, or `name.gte` and the like. */
export class RestQuery {
  readonly #params: URLSearchParams

  constructor(params: URLSearchParams) {
    this.#params = params
  }

  text(name: string): string | null {
    return this.#params.get(name)
  }

  /** `limit`, within 1 and `most`. */
  limit(usual: number, most: number): number {
    const limit = Number(this.#params.get('limit') ?? usual)
    if (!Number.isInteger(limit) || limit < 1 || limit > most) {
      throw new RangeError(`limit must be a whole number from 1 to ${most}`)
    }
    return limit
  }

  /** What tells whether a value passes `name`, `name.gte`, `name.gt`, `name.lte`, `name.lt`. */
  filter<T extends bigint | string | number>(
    name: string,
    parse: (text: string) => T,
  ): (value: T) => boolean {
    const bound = (suffix: string): T | null => {
      const text = this.#params.get(name + suffix)
      return text === null ? null : parse(text)
    }
    const equal = bound('')
    const gte = bound('.gte')
    const gt = bound('.gt')
    const lte = bound('.lte')
    const lt = bound('.lt')
    return (value) =>
      (equal === null || value === equal) &&
      (gte === null || value >= gte) &&
      (gt === null || value > gt) &&
      (lte === null || value <= lte) &&
      (lt === null || value < lt)
  }
}

/** A timestamp parameter in nanoseconds: a date or whole nanoseconds. */
export function nanoseconds(text: string): bigint {
  if (/^\d{10,20}$/.test(text)) return BigInt(text)
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new RangeError(`timestamp must be nanoseconds or a date: ${text}`)
  return BigInt(time) * 1_000_000n
}
