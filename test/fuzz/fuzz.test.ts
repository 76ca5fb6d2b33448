import { expect, test } from 'vitest'
import { readCorpus } from './corpus.ts'
import { type Failure, fuzz } from './loop.ts'
import { TARGETS } from './targets.ts'

const SEED = 20_251_122

test.each(TARGETS)(
  '$name: the corpus and $inTest seeded inputs keep every invariant',
  async (target) => {
    const failures: Failure[] = []
    let last: Buffer = Buffer.alloc(0)
    const outcome = await fuzz(
      target,
      { inputs: target.inTest, seed: SEED },
      {
        onInput: (input) => {
          last = input
        },
        onFailure: (failure) => failures.push(failure),
      },
    )
    const told = failures.map(
      ({ of, problem, input }) => `${of}: ${problem}\n${input.toString('base64')}`,
    )
    expect(told).toEqual([])
    expect(outcome.inputs).toBe(readCorpus(target.name).length + target.inTest)
    expect(outcome.behaviours, `of inputs such as ${last.toString('base64')}`).toBeGreaterThan(2)
  },
)

test('the same seed gives the same inputs, another one others', async () => {
  const target = TARGETS.find(({ name }) => name === 'occ')!
  const inputsOf = async (seed: number): Promise<string[]> => {
    const inputs: string[] = []
    const onInput = (input: Buffer) => inputs.push(input.toString('base64'))
    await fuzz(target, { inputs: 500, seed }, { onInput, onFailure: () => {} })
    return inputs
  }
  const first = await inputsOf(1)
  expect(await inputsOf(1)).toEqual(first)
  expect(await inputsOf(2)).not.toEqual(first)
})

test('what throws is a failure with its input, told once for each kind', async () => {
  const failures: Failure[] = []
  const target = {
    ...TARGETS.find(({ name }) => name === 'occ')!,
    setUp: () => (input: Buffer) => {
      if (input.includes('O:S')) throw new Error('no S, please')
      return ''
    },
  }
  const onFailure = (failure: Failure) => failures.push(failure)
  const outcome = await fuzz(target, { inputs: 200, seed: 1 }, { onInput: () => {}, onFailure })
  expect(failures.map(({ problem }) => problem.split('\n')[0])).toEqual(['Error: no S, please'])
  expect(failures[0]!.input.includes('O:S')).toBe(true)
  expect(outcome.failures).toBe(1)
})
