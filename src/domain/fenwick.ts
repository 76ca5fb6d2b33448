/**
 * Fenwick trees (Fenwick 1994) inside a longer array: `length` counts from `base` on, kept so that
 * one count is raised, and the counts before one are summed, in about log2(length) steps. Cell i
 * holds the sum of the counts from i & (i + 1) to i.
 */

/** Adds one to count `index`. */
export function increment(tree: Uint32Array, base: number, length: number, index: number): void {
  for (let i = index; i < length; i |= i + 1) tree[base + i]!++
}

/** Sum of the counts below `index`. */
export function sumBelow(tree: Uint32Array, base: number, index: number): number {
  let sum = 0
  for (let i = index - 1; i >= 0; i = (i & (i + 1)) - 1) sum += tree[base + i]!
  return sum
}

/** Turns plain counts into a tree, in place. */
export function plant(counts: Uint32Array, base: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const next = i | (i + 1)
    if (next < length) counts[base + next]! += counts[base + i]!
  }
}

/** The reverse of `plant`. */
export function fell(tree: Uint32Array, base: number, length: number): void {
  for (let i = length - 1; i >= 0; i--) {
    const next = i | (i + 1)
    if (next < length) tree[base + next]! -= tree[base + i]!
  }
}
