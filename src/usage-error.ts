/**
 * The call is wrong, not the run: exit code 2. The message says what was expected and what came.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
