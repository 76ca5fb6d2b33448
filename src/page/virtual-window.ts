/** Which rows of a long list are drawn: `first` included, `end` not. */
export type VirtualWindow = { readonly first: number; readonly end: number }

/** Rows that are drawn beyond the visible ones, so that scrolling shows no hole. */
const OVERSCAN = 4

/**
 * Rows of `rowHeight` px in a view of `viewHeight` px that is scrolled by `scrollTop` px. There are
 * never more than the view holds and a few, however many rows there are.
 */
export function virtualWindow(
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
  count: number,
): VirtualWindow {
  const visible = Math.ceil(viewHeight / rowHeight) + 1
  const top = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight)), Math.max(0, count - 1))
  const first = Math.max(0, top - OVERSCAN)
  return { first, end: Math.min(count, top + visible + OVERSCAN) }
}

/** Rows that the belt carries before all of them are laid out anew. */
export const BELT_ROWS = 10_000

/**
 * Places on the belt that are free above the newest row, when there have been `count` rows: the
 * row that was the n-th to come is at the same place whatever comes after it, until the belt is
 * full.
 */
export function beltLead(count: number): number {
  return Math.ceil(count / BELT_ROWS) * BELT_ROWS - count
}

/** Where to scroll so that row `index` is wholly seen; the same place where it is already. */
export function scrollTo(
  index: number,
  scrollTop: number,
  viewHeight: number,
  rowHeight: number,
): number {
  const top = index * rowHeight
  if (top < scrollTop) return top
  return Math.max(scrollTop, top + rowHeight - viewHeight)
}
