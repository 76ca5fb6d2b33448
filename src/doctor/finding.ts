export type State = 'ok' | 'warn' | 'fail' | 'skip'

/** What one check has found. `todo`: what to do about it; null where there is nothing to do. */
export type Finding = {
  readonly name: string
  readonly state: State
  readonly found: string
  readonly todo: string | null
}

/** A check that is done; it may find several things. */
export type Check = {
  readonly name: string
  readonly run: (signal: AbortSignal) => Promise<readonly Finding[]>
}

export const ok = (name: string, found: string): Finding => ({
  name,
  state: 'ok',
  found,
  todo: null,
})

export const skip = (name: string, found: string, todo: string | null = null): Finding => ({
  name,
  state: 'skip',
  found,
  todo,
})

export const warn = (name: string, found: string, todo: string): Finding => ({
  name,
  state: 'warn',
  found,
  todo,
})

export const fail = (name: string, found: string, todo: string): Finding => ({
  name,
  state: 'fail',
  found,
  todo,
})
