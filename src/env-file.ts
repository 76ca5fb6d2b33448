import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'

/**
 * The names of `.env` in `directory`; none when there is no such file. Only parsed: process.env
 * stays as it is. Throws one clear line when the file is there and cannot be read.
 */
export function readEnvFile(directory: string): Readonly<Record<string, string>> {
  const path = join(directory, '.env')
  try {
    return parse(readFileSync(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new Error(`${path}: expected a readable file, came ${code}; fix it or remove it`, {
      cause: error,
    })
  }
}
