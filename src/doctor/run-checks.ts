import { type Check, type Finding, fail } from './finding.ts'

/** How long a check may take, ms. */
export const CHECK_MS_MAX = 5_000

/**
 * Runs all checks at once and gives their findings in the order of the checks. One that takes too
 * long is ended and fails, one that throws fails with what it says.
 */
export async function runChecks(
  checks: readonly Check[],
  msMax = CHECK_MS_MAX,
): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map((check) => runOne(check, msMax)))
  return found.flat()
}

async function runOne({ name, run }: Check, msMax: number): Promise<readonly Finding[]> {
  const stopping = new AbortController()
  const late = Promise.withResolvers<never>()
  const seconds = msMax / 1000
  const timer = setTimeout(() => {
    late.reject(new Error(`no answer within ${seconds} s`))
    stopping.abort()
  }, msMax)
  try {
    return await Promise.race([run(stopping.signal), late.promise])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [fail(name, reason, 'see whether it is there and may be reached from this machine')]
  } finally {
    clearTimeout(timer)
  }
}
