/** Copies a column into a larger one of the same kind, and gives the larger one back. */
export function grown<T extends { set(from: ArrayLike<number>): void }>(
  from: T & ArrayLike<number>,
  to: T,
): T {
  to.set(from)
  return to
}
