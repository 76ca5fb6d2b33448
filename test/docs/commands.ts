import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { blocksOf, DOCUMENTS, ROOT, read } from './blocks.ts'

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** The maker of each command of `flow`, as src/cli.ts loads it. */
async function commandOf(name: string): Promise<Command | undefined> {
  const asked = new RegExp(`import\\('(./commands/[a-z-]+\\.ts)'\\)\\)\\.(${name}Command)\\(\\)`)
  const found = asked.exec(read('src/cli.ts'))
  if (found === null) return undefined
  const module = (await import(join(ROOT, 'src', found[1]!))) as Record<string, () => Command>
  return module[found[2]!]!()
}

export type Call = { readonly path: string; readonly line: string; readonly isWhole: boolean }

/** What documents tell to type that starts flow or npm, from blocks and from the running text. */
export function callsOf(): Call[] {
  return DOCUMENTS.flatMap((path) => {
    const inBlocks = blocksOf(['', 'sh', 'bash', 'console'], [path])
      .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
      .flatMap((line) => line.split(/&&|\||;|<\(/))
      .map((line) => ({ line: bare(line), isWhole: true }))
    const prose = read(path).replace(/^```[\s\S]*?^```$/gm, '')
    const inText = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text]) => ({
      line: bare(text!.split(/&&|\||;/)[0]!.replace('source <(', '')),
      isWhole: false,
    }))
    return [...inBlocks, ...inText]
      .filter(({ line }) => /^(?:npx )?flow [a-z-]|^npm (?:run|start|test|ci)\b/.test(line))
      .map((call) => ({ path, ...call }))
  })
}

/** Without variables ahead, comment, closing bracket, and explanation behind three spaces. */
function bare(line: string): string {
  return line
    .trim()
    .replace(/^(?:[A-Z_]+=\S+ +)+/, '')
    .replace(/\s+#.*$/, '')
    .replace(/ {3,}.*$/, '')
    .replace(/\)$/, '')
    .replace(/ +> \S+$/, '')
    .trim()
}

/** What is wrong with a call, in words; undefined where nothing is. */
export async function wrongIn({ line, isWhole }: Call): Promise<string | undefined> {
  const words = line.split(/\s+/)
  if (words[0] === 'npx') words.shift()
  if (words[0] === 'flow') return wrongFlow(words.slice(1), isWhole)
  const name = words[1] === 'run' ? words[2]! : words[1]!
  if (name === 'ci') return undefined
  const script = scripts[name]
  if (script === undefined) return `package.json has no script ${name}`
  const given = words.slice(words[1] === 'run' ? 3 : 2)
  const behind = given[0] === '--' ? given.slice(1) : []
  const flow = /src\/cli\.ts ?(.*)$/.exec(script)
  if (flow === null) return undefined
  if (given.length > 0 && given[0] !== '--') return 'npm takes what stands before --'
  const all = [...flow[1]!.split(' '), ...behind].filter((word) => word !== '')
  return all.length === 0 ? undefined : wrongFlow(all, isWhole)
}

async function wrongFlow(words: readonly string[], isWhole: boolean): Promise<string | undefined> {
  if (words[0]!.startsWith('--')) return undefined
  let command = await commandOf(words[0]!)
  if (command === undefined) return `there is no command ${words[0]}`
  let rest = words.slice(1)
  const inner = command.commands.find((sub) => sub.name() === rest[0])
  if (command.commands.length > 0 && rest.length > 0) {
    if (inner === undefined) return `${words[0]} has no ${rest[0]}`
    command = inner
    rest = rest.slice(1)
  }
  let operands = 0
  for (let place = 0; place < rest.length; place++) {
    const word = rest[place]!
    if (!word.startsWith('-')) {
      operands++
      continue
    }
    const [flag] = word.split('=')
    if (flag === '--help') continue
    const option = command.options.find(({ long, short }) => long === flag || short === flag)
    if (option === undefined) return `${words[0]} has no flag ${flag}`
    if (option.required && !word.includes('=')) place++
  }
  const { registeredArguments: taken } = command
  if (operands > taken.length && !taken.some(({ variadic }) => variadic)) return 'too many operands'
  const asked = taken.filter(({ required }) => required).length
  return isWhole && operands < asked ? 'too few operands' : undefined
}
