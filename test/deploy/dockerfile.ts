/** One instruction of a Dockerfile. */
export type Instruction = { readonly name: string; readonly text: string }

/** From one FROM to the next. */
export type Stage = {
  readonly base: string
  /** What `AS` gives it; the last stage has none. */
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

/** The instructions before the first FROM, and the stages. Comments go, continued lines are joined. */
export function parseDockerfile(text: string): {
  readonly before: readonly Instruction[]
  readonly stages: readonly Stage[]
} {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const before: Instruction[] = []
  const stages: (Stage & { readonly instructions: Instruction[] })[] = []
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === undefined) throw new Error(`expected an instruction, came: ${line}`)
    if (name === 'FROM') {
      const [base, , as] = rest!.split(/\s+/)
      stages.push({ base: base!, name: as, instructions: [] })
    } else {
      ;(stages.at(-1)?.instructions ?? before).push({ name, text: rest! })
    }
  }
  return { before, stages }
}
