import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, 'corpus')

export type Case = { readonly name: string; readonly bytes: Buffer }

/** Where the cases of a target lie, one file each. */
export function corpusFolder(target: string): string {
  return join(ROOT, target)
}

/** The kept inputs of a target, in the order of their names. */
export function readCorpus(target: string): Case[] {
  const folder = corpusFolder(target)
  const names = readdirSync(folder).sort()
  return names.map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
}
