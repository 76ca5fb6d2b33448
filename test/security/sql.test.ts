import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/api/database.ts'
import { tradeRoute } from '../../src/api/trade.ts'
import { tradesRoute } from '../../src/api/trades.ts'
import { type HttpServer, startHttp } from '../../src/metrics/server.ts'
import { migrateDatabase } from '../../src/writer/upkeep.ts'
import { startTestPostgres, type TestPostgres } from '../pg/database.ts'

const SRC = join(import.meta.dirname, '../../src')

/** What makes a text SQL, or a part of it. Ordinary words in errors are in lower case. */
const IS_SQL =
  /\b(?:SELECT|INSERT INTO|UPDATE [a-z_$]|DELETE FROM|COPY [a-z$]|CREATE [A-Z]|ALTER [A-Z]|DROP [A-Z]|TRUNCATE|SET [a-z_]+ [=T]|WHERE|ORDER BY|VALUES|RETURNING|LIMIT|JOIN|ANY\()|[a-z] [<>]?= '?\$(?!\{)/

/**
 * What may stand in a SQL text beside its constants (names in capitals), and why nobody outside can
 * choose it. A new one belongs here with its reason, or better into the values of the query.
 */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'api/conditions.ts': ["this.#texts.join(' AND ')"], // texts of trades.ts with places
  'api/trades.ts': [
    'place', // $1, $2, ...
    'slice.where', // these, joined
    'limit - found.length', // a whole number from 1 to 1,000
  ],
  'follow/event-rows.ts': [
    'table', // one of two names
    "from('flow_events')", // these two: texts of that file
    "from('flow_event_revisions')",
  ],
  'postgres/cluster.ts': ['password'], // made or stored by us for the embedded database
  'writer/connection.ts': [
    'name', // a constant, with the uuid of the writer
    'table', // one of two names, by its type
  ],
  'writer/event-copy.ts': ['names'], // of columns
  'writer/event-store.ts': [
    'Date.now()',
    'source', // one of two texts of that file
    'condition', // a text of that file
    'storedUpTo', // these three: numbers
    'timeMin',
    'timeMax',
    "set.join(', ')", // names of columns with their places
  ],
  'writer/repeats.ts': [
    'min', // these two: numbers
    'max',
    'condition', // these four: texts of that file
    'isNewUnnumberedSql(min, max, resumes)',
    'SAME_UNNUMBERED[resumes]',
    "isNumbered ? 'sequence' : 'coalesce(sequence, 0) <= 0 AND received_at'",
  ],
  'writer/sink.ts': ['others'], // a text of that file
  'writer/transaction.ts': [
    'set', // these four: texts of that file
    'where',
    'mark',
    'drained',
    'writer', // a uuid that this process made
    'batchNumber', // these three: numbers
    'Date.now()',
    'Math.floor(receivedTo)',
  ],
}

type Template = { readonly words: string; readonly holes: readonly string[] }

/** Every template literal of a source text, also those within others; `$` stands for each hole. */
function templatesOf(text: string): Template[] {
  const found: Template[] = []
  let at = 0
  const skipQuoted = (quote: string): void => {
    for (at++; at < text.length && text[at] !== quote && text[at] !== '\n'; at++) {
      if (text[at] === '\\') at++
    }
    at++
  }
  const readCode = (isHole: boolean): void => {
    for (let depth = 0; at < text.length; ) {
      const char = text[at]!
      if (text.startsWith('//', at)) at = (text.indexOf('\n', at) + 1 || text.length + 1) - 1
      else if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 2
      else if (char === "'" || char === '"') skipQuoted(char)
      else if (char === '`') readTemplate()
      else {
        if (isHole && char === '}' && depth === 0) return
        if (char === '{') depth++
        if (char === '}') depth--
        at++
      }
    }
  }
  const readTemplate = (): void => {
    const holes: string[] = []
    let words = ''
    for (at++; text[at] !== '`'; ) {
      if (at >= text.length) throw new Error('a template that does not end')
      if (text.startsWith('${', at)) {
        at += 2
        const from = at
        readCode(true)
        holes.push(text.slice(from, at))
        words += '$'
      } else {
        if (text[at] === '\\') at++
        words += text[at]
      }
      at++
    }
    at++
    found.push({ words, holes })
  }
  readCode(false)
  return found
}

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
const read = (path: string): string => readFileSync(join(SRC, path), 'utf8')

/** What is put into SQL texts of a file, constants left out. */
function intoSql(path: string): string[] {
  const holes = templatesOf(read(path))
    .filter(({ words }) => IS_SQL.test(words))
    .flatMap((template) => template.holes)
  return [...new Set(holes)].filter((hole) => !/^[A-Z][A-Z0-9_]*$/.test(hole)).sort()
}

describe('SQL texts', () => {
  test('are told from others, and what is put into them is seen', () => {
    const code = 'f(`SELECT #{a} FROM t WHERE b = #{g(`x #{c}`)}`, `select #{d}`) // `SELECT #{e}`'
    const text = code.replaceAll('#', '$')
    const sql = templatesOf(text).filter(({ words }) => IS_SQL.test(words))
    expect(sql.map(({ holes }) => holes)).toEqual([['a', `g(\`x $${'{c}'}\`)`]])
    expect(FILES.filter((path) => intoSql(path).length > 0).length).toBeGreaterThan(5)
  })

  test.each(FILES)('%s puts into them what is known and harmless', (path) => {
    expect(intoSql(path)).toEqual([...(KNOWN[path] ?? [])].sort())
  })

  test.each(FILES)('%s does not add to them with a plus', (path) => {
    const sums =
      /\b(?:SELECT|INSERT INTO|DELETE FROM|WHERE|ORDER BY)\b[^'"`\n]*['"`]\s*\+\s*[^\s'"`]/g
    expect(read(path).match(sums) ?? []).toEqual([])
  })
})

describe('the API on a real database', () => {
  let postgres: TestPostgres
  let database: Database
  let http: HttpServer
  const failures: unknown[] = []
  beforeAll(async () => {
    postgres = await startTestPostgres()
    const url = await postgres.freshDatabase()
    await migrateDatabase(url)
    database = openDatabase(url)
    http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      registry: new Registry(),
      notReady: () => null,
      stats: () => ({}),
      routes: [tradesRoute(() => database), tradeRoute(() => database)],
      onError: (error) => failures.push(error),
    })
  })
  afterAll(async () => {
    await http.close()
    await database.close()
    await postgres.stop()
  })

  test.each([
    "'",
    "' OR '1'='1",
    "SPX'; DROP TABLE options_flow_history; --",
    "SPX') UNION SELECT passwd FROM pg_shadow --",
    '$1',
    '1; SELECT pg_sleep(9)',
    '1e3',
    'SPX\0',
    '\\',
    '%',
    '\u2019; --',
  ])('answers %j in any place with a refusal and runs none of it', async (text) => {
    const value = encodeURIComponent(text)
    const places = ['symbol', 'type', 'minPremium', 'since', 'limit'].map(
      (name) => `/api/trades?${name}=${value}`,
    )
    places.push(`/api/trades?${value}=1`, `/api/trades/${value}/1`)
    places.push(`/api/trades/O:SPXW251219C06475000/${value}`)
    places.push(`/api/trades/O:SPXW251219C06475000/1?date=${value}`)
    for (const place of places) {
      const response = await fetch(http.url + place)
      expect(response.status, place).toBe(400)
    }
    expect(failures).toEqual([])
    const [table] = await database.query("SELECT to_regclass('options_flow_history') AS name", [])
    expect(table).toEqual({ name: 'options_flow_history' })
  })
})
