import type { Finding, State } from './finding.ts'

/** Words, not colours: they survive a pipe and a poor terminal. */
const MARK: Readonly<Record<State, string>> = {
  ok: 'ok  ',
  warn: 'warn',
  fail: 'FAIL',
  skip: '-   ',
}

/** A line a finding, what to do about it below, and a sum; with a line feed at the end. */
export function doctorText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.flatMap(({ name, state, found, todo }) => [
    `${MARK[state]}  ${name.padEnd(width)}  ${found}`,
    ...(todo === null ? [] : [`${' '.repeat(width + 8)}${todo}`]),
  ])
  return `${[...lines, '', sumOf(findings)].join('\n')}\n`
}

function sumOf(findings: readonly Finding[]): string {
  const count = (state: State): number => findings.filter((one) => one.state === state).length
  const [failed, warned] = [count('fail'), count('warn')]
  if (failed + warned === 0) return 'Nothing is wrong.'
  const parts = [
    failed === 0 ? '' : `${failed} to mend before the engine can work`,
    warned === 0 ? '' : `${warned} to look at`,
  ]
  return `${parts.filter((part) => part !== '').join(', ')}.`
}
