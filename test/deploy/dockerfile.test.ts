import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDockerfile, type Stage } from './dockerfile.ts'
import { PINNED, ROOT, read } from './recipes.ts'

/**
 * The rules of hadolint that apply, by its numbers (its program is not on the machine). Each gives
 * the lines that break it.
 */
type Rule = (stage: Stage, isLast: boolean) => readonly string[]

const of = (stage: Stage, name: string): string[] =>
  stage.instructions.filter((one) => one.name === name).map(({ text }) => text)
const lines = (stage: Stage, name: string, isWrong: (text: string) => boolean): string[] =>
  of(stage, name).filter(isWrong)
const isJson = (text: string): boolean => /^\[".*"\]$/.test(text)
/** The program of a HEALTHCHECK, without its options. */
const checked = (text: string): string => text.replace(/^.*?\bCMD\s+/, '')

const RULES: Record<string, Rule> = {
  'DL3000 WORKDIR is absolute': (stage) => lines(stage, 'WORKDIR', (text) => !text.startsWith('/')),
  'DL3001 no command that means nothing in an image': (stage) =>
    lines(stage, 'RUN', (text) =>
      /\b(?:ssh|vim|shutdown|service|ps|free|top|kill|mount)\b/.test(text),
    ),
  'DL3002 the last user is not root': (stage, isLast) =>
    isLast && !/^[1-9]\d*:[1-9]\d*$/.test(of(stage, 'USER').at(-1) ?? 'root') ? ['USER'] : [],
  'DL3003 WORKDIR in place of cd': (stage) => lines(stage, 'RUN', (text) => /\bcd\b/.test(text)),
  'DL3004 no sudo': (stage) => lines(stage, 'RUN', (text) => /\bsudo\b/.test(text)),
  'DL3006 DL3007 the base has a version': (stage) => (PINNED.test(stage.base) ? [] : [stage.base]),
  'DL3008 to DL3019 no package manager of the system': (stage) =>
    lines(stage, 'RUN', (text) => /\b(?:apt-get|apt|apk|yum|dnf|pip)\b/.test(text)),
  'DL3016 npm installs what is locked': (stage) =>
    lines(stage, 'RUN', (text) => /\bnpm (?:i|install|add|exec)\b/.test(text)),
  'DL3020 COPY in place of ADD': (stage) => of(stage, 'ADD'),
  'DL3021 COPY of several sources ends in a folder': (stage) =>
    lines(stage, 'COPY', (text) => {
      const words = text.split(' ').filter((word) => !word.startsWith('--'))
      return words.length > 2 && !words.at(-1)!.endsWith('/')
    }),
  'DL3025 programs are lists': (stage) =>
    [
      ...of(stage, 'CMD'),
      ...of(stage, 'ENTRYPOINT'),
      ...of(stage, 'HEALTHCHECK').map(checked),
    ].filter((text) => !isJson(text)),
  'DL3045 COPY to a relative path only after WORKDIR': (stage) => {
    const names = stage.instructions.map(({ name }) => name)
    const first = names.indexOf('COPY')
    return first === -1 || names.slice(0, first).includes('WORKDIR') ? [] : ['COPY']
  },
  'DL3059 RUN once in a row': (stage) =>
    stage.instructions
      .filter(({ name }, at) => name === 'RUN' && stage.instructions[at - 1]?.name === 'RUN')
      .map(({ text }) => text),
  'DL4000 DL4003 DL4004 one CMD, ENTRYPOINT and HEALTHCHECK, no MAINTAINER': (stage) => [
    ...of(stage, 'MAINTAINER'),
    ...['CMD', 'ENTRYPOINT', 'HEALTHCHECK'].filter((name) => of(stage, name).length > 1),
  ],
  'DL4006 no pipe without pipefail': (stage) =>
    lines(stage, 'RUN', (text) => /[^|]\|[^|]/.test(text)),
  'SC2086 variables of a shell are quoted': (stage) =>
    lines(stage, 'RUN', (text) => /(?<!["\w])\$\{?\w/.test(text)),
  'no secret is built in': (stage) =>
    [...of(stage, 'ENV'), ...of(stage, 'ARG')].filter((text) =>
      /KEY|TOKEN|PASSWORD|SECRET|DATABASE_URL/.test(text),
    ),
}

/** With the ARGs before the first FROM put in. */
function stagesOf(text: string): Stage[] {
  const { before, stages } = parseDockerfile(text)
  const values = new Map(
    before
      .filter(({ name }) => name === 'ARG')
      .map(({ text }) => text.split('=', 2) as [string, string]),
  )
  return stages.map((stage) => {
    const base = stage.base.replace(/\$\{(\w+)\}/, (whole, name) => values.get(name) ?? whole)
    return { ...stage, base }
  })
}

function broken(text: string): string[] {
  const stages = stagesOf(text)
  const named = new Set(stages.map(({ name }) => name))
  return stages.flatMap((stage, at) =>
    Object.entries(RULES).flatMap(([rule, check]) =>
      rule.startsWith('DL3006') && named.has(stage.base)
        ? []
        : check(stage, at === stages.length - 1).map((line) => `${rule}: ${line}`),
    ),
  )
}

const FILES = ['Dockerfile', 'deploy/railway/web/Dockerfile', 'deploy/railway/worker/Dockerfile']

describe.each(FILES)('%s', (path) => {
  test('breaks no rule', () => {
    expect(broken(read(path))).toEqual([])
  })

  test('copies what its context lets in', () => {
    const own = `${path}.dockerignore`
    const ignore = existsSync(`${ROOT}/${own}`) ? own : '.dockerignore'
    const [first, ...open] = read(ignore).trim().split('\n')
    expect(first).toBe('**')
    const copied = stagesOf(read(path))
      .flatMap((stage) => of(stage, 'COPY'))
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(' ').slice(0, -1))
    expect(open.map((line) => line.slice(1)).sort()).toEqual([...new Set(copied)].sort())
    for (const source of copied) expect(existsSync(`${ROOT}/${source}`), source).toBe(true)
  })
})

test('the base of the worker is that of the engine', () => {
  const [engine, worker] = [FILES[0]!, FILES[2]!].map((path) => stagesOf(read(path)).at(-1)!.base)
  expect(worker).toBe(engine)
})

describe('the rules see', () => {
  const good =
    'FROM node:24.21.0-slim\nWORKDIR /app\nRUN npm ci\nUSER 1000:1000\nCMD ["node", "a.js"]\n'

  test('nothing in a good file', () => {
    expect(broken(good)).toEqual([])
  })

  test.each([
    ['DL3000', 'WORKDIR /app', 'WORKDIR app'],
    ['DL3001', 'npm ci', 'npm ci && kill 1'],
    ['DL3002', 'USER 1000:1000', 'USER root'],
    ['DL3002', 'USER 1000:1000\n', ''],
    ['DL3003', 'npm ci', 'cd /x && npm ci'],
    ['DL3004', 'npm ci', 'sudo npm ci'],
    ['DL3006', ':24.21.0-slim', ''],
    ['DL3006', ':24.21.0-slim', ':latest'],
    ['DL3008', 'npm ci', 'apt-get install -y curl'],
    ['DL3016', 'npm ci', 'npm install left-pad'],
    ['DL3020', 'RUN npm ci', 'ADD https://example.com/a.tgz /a'],
    ['DL3021', 'RUN npm ci', 'COPY a b c'],
    ['DL3025', 'CMD ["node", "a.js"]', 'CMD node a.js'],
    ['DL3025', 'USER', 'HEALTHCHECK --interval=5s CMD curl localhost\nUSER'],
    ['DL3045', 'WORKDIR /app\nRUN npm ci', 'COPY a .\nWORKDIR /app'],
    ['DL3059', 'RUN npm ci', 'RUN npm ci\nRUN npm run build'],
    ['DL4000', 'CMD', 'CMD ["a"]\nCMD'],
    ['DL4006', 'npm ci', 'cat a | sh'],
    ['SC2086', 'npm ci', 'rm -rf $HOME/x'],
    ['no secret', 'RUN npm ci', 'ENV MASSIVE_API_KEY=abc'],
  ])('%s in place of %j: %j', (rule, from, to) => {
    const found = broken(good.replace(from, to))
    expect(found.some((line) => line.startsWith(rule))).toBe(true)
  })
})
