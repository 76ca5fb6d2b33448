import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** README, CHANGELOG and all Markdown of docs and deploy, as paths from the root. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  ...['docs', 'deploy'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md'))
      .map((path) => `${folder}/${path}`)
      .sort(),
  ),
]

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

export type Block = { readonly path: string; readonly language: string; readonly text: string }

/** The fenced blocks of all documents; a block without a language has an empty one. */
export function blocksOf(languages: readonly string[], paths = DOCUMENTS): Block[] {
  return paths.flatMap((path) =>
    [...read(path).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)]
      .map(([, language, text]) => ({ path, language: language!.trim(), text: text! }))
      .filter(({ language }) => languages.includes(language)),
  )
}

/** The rows of the tables below each heading of the second level; cells without their ticks. */
export function tablesOf(path: string): { heading: string; cells: string[] }[] {
  return read(path)
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const heading = section.slice(0, section.indexOf('\n'))
      return section
        .split('\n')
        .filter((line) => line.startsWith('| `'))
        .map((line) => ({
          heading,
          cells: line
            .slice(1, -1)
            .split(/(?<!\\)\|/)
            .map((cell) => cell.trim()),
        }))
    })
}

export const unticked = (text: string): string => text.replaceAll('`', '')
