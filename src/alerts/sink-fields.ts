import { isScalar, type Node } from 'yaml'
import { isLoopbackHost, isPrivateAddress } from './addresses.ts'
import { SINK_KINDS, type Sink, type SinkKind } from './rules.ts'
import {
  duration,
  mapOf,
  number,
  type Problems,
  type Read,
  word,
  wrong,
  yesNo,
} from './yaml-reader.ts'

const SECRET_CHARS_MIN = 16
const TIMEOUT_MS = 10_000

/** Discord: 5 in 2 s for each webhook. Slack: 1 a second. */
const RATE: Readonly<Record<SinkKind, Sink['rate']>> = {
  discord: { count: 5, perMs: 2000 },
  slack: { count: 1, perMs: 1000 },
  webhook: { count: 10, perMs: 1000 },
}

export type Names = Readonly<Record<string, string | undefined>>

type Filled = { readonly value: string; readonly isFromEnvironment: boolean; readonly node: Node }

/** A text in which `${NAME}` stands for a variable of the environment. */
function filled(env: Names): Read<Filled> {
  return (node, problems, name) => {
    const written = isScalar(node) ? node.value : undefined
    if (typeof written !== 'string') return wrong(node, problems, name, 'a text', true)
    let isFromEnvironment = false
    const missing: string[] = []
    const value = written.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, key: string) => {
      isFromEnvironment = true
      if ((env[key] ?? '') === '') missing.push(key)
      return env[key] ?? ''
    })
    for (const key of missing) {
      problems.add(
        node,
        `${name}: expected ${key} in the environment or in .env, came none; set it`,
      )
    }
    return missing.length > 0 ? undefined : { value, isFromEnvironment, node }
  }
}

type SinkFields = {
  readonly kind: SinkKind
  readonly url: Filled
  readonly secret: Filled
  readonly per_second: number
  readonly timeout: number
  readonly allow_private: boolean
  readonly dedupe: boolean
}

/** The readers of one sink, `name` being its key in the file. */
export function sink(env: Names): Read<Omit<Sink, 'name'>> {
  const read = mapOf<SinkFields>(
    {
      kind: word(SINK_KINDS),
      url: filled(env),
      secret: filled(env),
      per_second: number(0.01, 100),
      timeout: duration(100, 60_000),
      allow_private: yesNo,
      dedupe: yesNo,
    },
    ['kind', 'url'],
  )
  return (node, problems, name) => {
    const found = read(node, problems, name)
    if (found?.kind === undefined || found.url === undefined) return undefined
    const { kind, secret, allow_private: allowsPrivate = false } = found
    const url = address(found.url, kind, allowsPrivate, problems, name)
    if (secret !== undefined) checkSecret(secret, kind, problems, name)
    if (url === undefined) return undefined
    return {
      kind,
      url,
      secret: secret?.value ?? null,
      rate: rateOf(kind, found.per_second),
      timeoutMs: found.timeout ?? TIMEOUT_MS,
      allowsPrivate,
      dedupes: found.dedupe ?? true,
    }
  }
}

function rateOf(kind: SinkKind, perSecond: number | undefined): Sink['rate'] {
  if (perSecond === undefined) return RATE[kind]
  const perMs = perSecond >= 1 ? 1000 : 1000 / perSecond
  return { count: Math.max(1, Math.floor(perSecond)), perMs }
}

function address(
  { value, isFromEnvironment, node }: Filled,
  kind: SinkKind,
  allowsPrivate: boolean,
  problems: Problems,
  name: string,
): string | undefined {
  const say = (text: string): undefined => {
    problems.add(node, `${name}.url: ${text}`)
  }
  if (!URL.canParse(value))
    return say('expected an address that begins with https://, came another')
  const { protocol, hostname, username, password, hash } = new URL(value)
  const isHere = isLoopbackHost(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere)) {
    return say('expected https:// (http:// only for this machine), came another')
  }
  if (username !== '' || password !== '' || hash !== '') {
    return say('expected an address without user, password and #, came one with them')
  }
  if (kind !== 'webhook' && !isFromEnvironment && !isHere) {
    return say(`expected \${NAME}, a name of the environment, came the address: it is a secret`)
  }
  if (!isHere && !allowsPrivate && isPrivateAddress(hostname)) {
    return say('expected a public address, came a private one; allow_private: true permits it')
  }
  return value
}

function checkSecret(
  { value, isFromEnvironment, node }: Filled,
  kind: SinkKind,
  problems: Problems,
  name: string,
): void {
  if (kind !== 'webhook') {
    problems.add(
      node,
      `${name}.secret: expected none for ${kind}, came one; it signs nothing there`,
    )
  }
  if (!isFromEnvironment) {
    problems.add(node, `${name}.secret: expected \${NAME}, a name of the environment, came a text`)
  } else if (value.length < SECRET_CHARS_MIN) {
    const what = `${SECRET_CHARS_MIN} characters or more, as of "openssl rand -hex 24"`
    problems.add(node, `${name}.secret: expected ${what}, came ${value.length}`)
  }
}
