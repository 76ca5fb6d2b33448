import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type Answer, RequestError, type Route } from '../metrics/routes.ts'

/** Where Vite puts the page, seen from src/api as from dist/api. */
const BUILT = join(import.meta.dirname, '../../dist/page')
const FILES_MAX = 50
const FILE_BYTES_MAX = 1024 * 1024

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** The page runs its own files, talks to this server, and does nothing else. */
export const PAGE_POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ')

/** Names of assets hold a hash of what is in them. */
const FOR_EVER = 'public, max-age=31536000, immutable'
const NOT_BUILT = 'the page is not built; run `npm run build:page` and start again'

/**
 * `GET /` and `GET /assets/:file`: the page, read from `folder` now and kept in memory. Open: the
 * files are the same everywhere and say nothing of this engine; what they show they ask of the API,
 * with the token. Where it is not built the answer is 503 and says what to run.
 */
export function pageRoutes(folder = BUILT): readonly Route[] {
  const index = read(folder, 'index.html', 'no-cache')
  const assets = readAssets(join(folder, 'assets'))
  return [
    { path: '/', isOpen: true, answer: () => index ?? { status: 503, body: { error: NOT_BUILT } } },
    {
      path: '/assets/:file',
      isOpen: true,
      answer: ({ params }) => {
        const found = assets.get(params.file!)
        if (found === undefined) throw new RequestError(404, 'there is nothing at this address')
        return found
      },
    },
  ]
}

function readAssets(folder: string): ReadonlyMap<string, Answer> {
  const names = namesIn(folder)
  if (names.length > FILES_MAX) {
    throw new Error(`expected at most ${FILES_MAX} files in ${folder}, came ${names.length}`)
  }
  const assets = new Map<string, Answer>()
  for (const name of names) {
    const answer = read(folder, name, FOR_EVER)
    if (answer !== null) assets.set(name, answer)
  }
  return assets
}

/** Null where there is no such file. */
function read(folder: string, name: string, caching: string): Answer | null {
  const type = TYPES[extname(name)]
  if (type === undefined) return null
  const path = join(folder, name)
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return null
  if (size > FILE_BYTES_MAX) {
    throw new Error(`expected at most ${FILE_BYTES_MAX} bytes in ${path}, came ${size}`)
  }
  const body = readFileSync(path, 'utf8')
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const headers = {
    'Cache-Control': caching,
    'Content-Security-Policy': PAGE_POLICY,
    ETag: `"${hash}"`,
  }
  return { body, type, headers }
}

function namesIn(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder)
}
