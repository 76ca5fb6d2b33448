import { readFileSync, statSync } from 'node:fs'
import { PATH_SHOWN_MAX, printable } from './config-problems.ts'
import type { Given, Setting } from './config-values.ts'

/** Longer than any secret; a device or a log named by mistake must not fill the memory. */
const FILE_BYTES_MAX = 65_536

type Names = Readonly<Record<string, string | undefined>>

/** The name of the variable that names the file of a secret: MASSIVE_API_KEY_FILE. */
export function fileVariable(setting: Setting<unknown>): string {
  return `${setting.env}_FILE`
}

/**
 * A value from the first source that has one: flag, environment, `.env`; undefined: none has. A
 * secret may stand in a file that environment or `.env` names. Spaces around it do not count. An
 * empty name in the environment hides the one in `.env`. Throws one line that says what is wrong.
 */
export function givenValue(
  setting: Setting<unknown>,
  flag: string | undefined,
  env: Names,
  file: Names,
): Given | undefined {
  if (flag !== undefined) return given(flag, `from ${setting.flag}`)
  const sources = [
    [env, 'from the environment'],
    [file, 'from .env'],
  ] as const
  for (const [names, source] of sources) {
    const text = names[setting.env]
    const path = setting.isSecret ? (names[fileVariable(setting)]?.trim() ?? '') : ''
    if (path !== '') {
      if (text === undefined || text.trim() === '') return fromFile(setting, path, source)
      throw new Error(
        `${fileVariable(setting)}: expected one of ${setting.env} and its file, came both ` +
          `${source}; unset one of them`,
      )
    }
    if (text !== undefined) return given(text, source)
  }
  return undefined
}

function given(text: string, source: string): Given | undefined {
  const trimmed = text.trim()
  return trimmed === '' ? undefined : { text: trimmed, source }
}

/** What a file holds; one that is named and holds nothing is a mistake, not an unset name. */
function fromFile(setting: Setting<unknown>, path: string, source: string): Given {
  const name = fileVariable(setting)
  const wrong = (came: string): Error =>
    new Error(
      `${name}: expected a file that holds the value of ${setting.env}, came ` +
        `${JSON.stringify(printable(path, PATH_SHOWN_MAX))} ${source}, ${came}; name another, or let this user read it`,
    )
  let text: string
  try {
    const stat = statSync(path)
    // a pipe or a device may never end
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) {
      throw wrong(stat.isFile() ? `which has ${stat.size} bytes` : 'which is no file')
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw code === undefined ? error : wrong(`which cannot be read (${code})`)
  }
  const found = given(text, `from ${name}`)
  if (found === undefined) throw wrong('which is empty')
  return found
}
