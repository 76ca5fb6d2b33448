import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { reachableDirectory } from '../pg/database.ts'

/** Debian's docker-compose 1.29 checks a file against its schema without a Docker daemon. */
const FILE = join(import.meta.dirname, '../../deploy/compose.yaml')
const run = promisify(execFile)
const config = (file: string, env: Record<string, string> = {}) =>
  run('docker-compose', ['-f', file, 'config'], { env: { PATH: process.env.PATH, ...env } })

test('docker-compose finds nothing wrong', async () => {
  const { stdout, stderr } = await config(FILE)
  expect(stderr).toBe('')
  for (const name of ['postgres', 'migrate', 'rights', 'engine', 'prometheus', 'grafana']) {
    expect(stdout).toMatch(new RegExp(`^  ${name}:$`, 'm'))
  }
  expect(stdout).toContain('MASSIVE_API_KEY_FILE: /run/secrets/massive_api_key')
})

test('an empty ENGINE_KEY_FILE leaves the engine without a key: the demo', async () => {
  const { stdout } = await config(FILE, { ENGINE_KEY_FILE: '' })
  expect(stdout).toContain("MASSIVE_API_KEY_FILE: ''")
})

test.each([
  ['a key that is none', 'cap_drop:', 'cap_drops:'],
  ['a volume that is not declared', '- prometheus:/prometheus', '- other:/prometheus'],
  ['a word where yes or no belongs', 'read_only: true', 'read_only: perhaps'],
])('it sees %s', async (_what, from, to) => {
  const folder = await reachableDirectory()
  try {
    const text = await readFile(FILE, 'utf8')
    expect(text).toContain(from)
    await writeFile(join(folder, 'compose.yaml'), text.replace(from, to))
    await expect(config(join(folder, 'compose.yaml'))).rejects.toMatchObject({ code: 1 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
