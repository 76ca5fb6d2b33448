/** An answer: one object, or a page of rows and the query of the next page. */
export type Page = { readonly results: object; readonly next: string | null }

/** Where the next page begins, and the end of the past as of the first page. */
export type Cursor = {
  readonly query: string
  readonly offset: number
  readonly last: number
  /** Of events, in place of the offset: time and id of the last one of the page before. */
  readonly after?: readonly [time: number, id: number]
}

/** The cursor of a request; throws RangeError for one that no next_url has had. */
export function readCursor(url: URL): Cursor {
  const text = url.searchParams.get('cursor')
  if (text === null) {
    return { query: url.searchParams.toString(), offset: 0, last: Number.MAX_SAFE_INTEGER }
  }
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor
  } catch {
    throw new RangeError('cursor is not one of next_url')
  }
}

/** The query of the page that begins at a cursor. */
export function nextOf(cursor: Cursor): string {
  return `cursor=${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`
}

/** `limit` of the items from the cursor on, as rows. */
export function pageOf<T>(
  all: readonly T[],
  limit: number,
  cursor: Cursor,
  row: (item: T) => object,
): Page {
  const end = cursor.offset + limit
  const next = { ...cursor, offset: end }
  return {
    results: all.slice(cursor.offset, end).map(row),
    next: end < all.length ? nextOf(next) : null,
  }
}
