import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { SETTINGS } from '../../src/config.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { blocksOf, DOCUMENTS, ROOT, read, tablesOf, unticked } from './blocks.ts'
import { callsOf, wrongIn } from './commands.ts'

/** A heading's anchor as GitHub makes it. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
  return text.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')
}

function anchorsOf(path: string): string[] {
  const counts = new Map<string, number>()
  const prose = read(path).replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const anchor = anchorOf(heading!.trim())
    const before = counts.get(anchor) ?? 0
    counts.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}

/** What is wrong with a link in a document, in words. */
function wrongLink(path: string, target: string): string | undefined {
  if (/^https?:/.test(target)) return undefined
  const [file, anchor] = target.split('#') as [string, string?]
  const named = file === '' ? path : normalize(join(dirname(path), file))
  if (named.startsWith('..') || !existsSync(join(ROOT, named))) return `${target}: no such file`
  if (anchor === undefined || anchorsOf(named).includes(anchor)) return undefined
  return `${target}: no such heading`
}

function linksOf(path: string): string[] {
  const prose = read(path)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
}

describe('links', () => {
  it.each(DOCUMENTS)('of %s lead somewhere', (path) => {
    expect(linksOf(path).flatMap((target) => wrongLink(path, target) ?? [])).toEqual([])
  })

  it('that lead nowhere are found', () => {
    expect(wrongLink('docs/api.md', 'nowhere.md')).toMatch(/no such file/)
    expect(wrongLink('docs/api.md', '../README.md#nowhere')).toMatch(/no such heading/)
    expect(wrongLink('docs/api.md', '../README.md#what-the-labels-mean')).toBeUndefined()
  })

  it('of the index lead to every page', () => {
    const linked = linksOf('docs/README.md')
    const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
    expect(pages.filter((name) => name !== 'README.md' && !linked.includes(name))).toEqual([])
  })
})

describe('calls of flow and npm', () => {
  const calls = callsOf()

  it('are found', () => {
    expect(calls.length).toBeGreaterThan(40)
  })

  it.each(calls)('$path: $line', async (call) => {
    expect(await wrongIn(call)).toBeUndefined()
  })

  it.each([
    'flow walk',
    'flow replay',
    'flow replay a b',
    'flow alerts sing',
    'flow replay a --fast',
    'npm run walk',
    'npm run flow doctor',
    'npm run flow -- replay a --fast',
  ])('that is wrong is found: %s', async (line) => {
    expect(await wrongIn({ path: '', line, isWhole: true })).toBeTypeOf('string')
  })
})

describe('names', () => {
  const settings: readonly { env: string; isSecret?: boolean }[] = Object.values(SETTINGS)
  const known = settings.flatMap(({ env, isSecret }) =>
    isSecret === true ? [env, `${env}_FILE`] : [env],
  )
  // what the recipes of deploy/ name is theirs; users name what holds their sinks' addresses
  const ofDeploy = readdirSync(join(ROOT, 'deploy'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .concat(read('examples/alerts.yaml'))
    .join('\n')

  it.each(DOCUMENTS)('of settings in %s exist', (path) => {
    const named = read(path).matchAll(/\b(?:FLOW|MASSIVE)_[A-Z0-9_]+|\bDATABASE_URL\w*/g)
    const strange = [...named]
      .map(([name]) => name)
      .filter((name) => !known.includes(name) && !ofDeploy.includes(name))
      .filter((name) => !(name.endsWith('_') && known.some((env) => env.startsWith(name))))
    expect(strange).toEqual([])
  })

  test('of metrics in docs/metrics.md are those of the registry, with type and labels', () => {
    const { registry } = createMetrics({ version: '', rules: '', symbols: [] })
    const described = registry.getMetricsAsArray() as unknown as {
      name: string
      type: string
      labelNames: string[]
    }[]
    const ours = described
      .filter(({ name }) => name.startsWith('flow_'))
      .map(({ name, type, labelNames }) => `${name} ${type} ${labelNames.join(', ')}`.trim())
    const told = tablesOf('docs/metrics.md').map(({ cells: [name, type, labels] }) =>
      unticked(`${name} ${type} ${labels}`).trim(),
    )
    expect(told.sort()).toEqual(ours.sort())
  })
})

describe('blocks', () => {
  it.each(blocksOf(['json']))('JSON of $path parses: $text', ({ text }) => {
    expect(JSON.parse(text)).toBeDefined()
  })

  it.each(blocksOf(['yaml', 'yml']))('YAML of $path parses: $text', ({ text }) => {
    expect(parse(text)).toBeDefined()
  })

  it('of TypeScript are right by their types', () => {
    const blocks = blocksOf(['ts'])
    expect(blocks.length).toBeGreaterThan(0)
    // beside the tests, so that packages are found
    const folder = mkdtempSync(join(ROOT, 'node_modules/.flow-docs-'))
    try {
      for (const [place, { text }] of blocks.entries()) {
        writeFileSync(join(folder, `block-${place}.ts`), `${text}\nexport {}\n`)
      }
      const compilerOptions = {
        noUnusedLocals: false,
        ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
        paths: { 'options-flow-engine': [join(ROOT, 'src/index.ts')] },
      }
      const project = join(folder, 'tsconfig.json')
      const base = join(ROOT, 'tsconfig.json')
      writeFileSync(
        project,
        JSON.stringify({ extends: base, compilerOptions, include: ['block-*'], exclude: [] }),
      )
      let said = ''
      try {
        execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project], { encoding: 'utf8' })
      } catch (error) {
        said = (error as { stdout: string }).stdout
      }
      expect(said).toBe('')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.each(blocksOf(['js']))('JavaScript of $path is read by Node: $text', ({ text }) => {
    const args = ['--input-type=module', '--check', '-']
    expect(() => execFileSync(process.execPath, args, { input: text, stdio: 'pipe' })).not.toThrow()
  })

  it('have a language that is looked at, or none', () => {
    const all = DOCUMENTS.flatMap((path) =>
      [...read(path).matchAll(/^```(\S*)[^\n]*\n[\s\S]*?^```$/gm)].map(([, name]) => name!),
    )
    const known = ['', 'sql', 'ts', 'js', 'json', 'yaml', 'yml', 'sh', 'bash', 'html', 'promql']
    expect(all.filter((name) => !known.includes(name))).toEqual([])
  })
})
