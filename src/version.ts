import { readFileSync } from 'node:fs'

/** Of this package, from package.json: one folder up both from src and from dist. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
