import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Topics } from '../../src/reader/topics.ts'

type Message = { readonly action: string; readonly topics: string[] }

function say(topics: Topics): Message | undefined {
  const text = topics.nextMessage()
  if (text === undefined) return undefined
  const { action, params } = JSON.parse(text)
  return { action, topics: params.split(',') }
}

test('the server ends up with exactly what is wanted, told nothing twice', () => {
  const topic = fc.integer({ min: 0, max: 12 }).map((i) => `T.${i}`)
  const command = fc.oneof(
    fc.record({ do: fc.constant('add' as const), topics: fc.array(topic) }),
    fc.record({ do: fc.constant('remove' as const), topics: fc.array(topic) }),
    fc.record({ do: fc.constantFrom('send', 'reconnect'), topics: fc.constant([]) }),
  )
  fc.assert(
    fc.property(fc.array(topic), fc.array(command), (first, commands) => {
      const topics = new Topics(first)
      const wanted = new Set(first)
      const server = new Set<string>()
      const send = (): boolean => {
        const message = say(topics)
        for (const t of message?.topics ?? []) {
          const isNew = message?.action === 'subscribe'
          expect(server.has(t)).toBe(!isNew)
          if (isNew) server.add(t)
          else server.delete(t)
        }
        return message !== undefined
      }
      topics.forgetServer()
      for (const command of commands) {
        if (command.do === 'add') {
          topics.add(command.topics)
          for (const t of command.topics) wanted.add(t)
        } else if (command.do === 'remove') {
          topics.remove(command.topics)
          for (const t of command.topics) wanted.delete(t)
        } else if (command.do === 'send') send()
        else {
          topics.forgetServer()
          server.clear()
        }
        expect(topics.size).toBe(wanted.size)
      }
      while (send());
      expect([...server].sort()).toEqual([...wanted].sort())
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('drops before it adds, so that a swap stays within a cap', () => {
  const topics = new Topics(['Q.A'])
  topics.forgetServer()
  say(topics)
  topics.add(['Q.B'])
  topics.remove(['Q.A'])
  expect(say(topics)).toEqual({ action: 'unsubscribe', topics: ['Q.A'] })
  expect(say(topics)).toEqual({ action: 'subscribe', topics: ['Q.B'] })
  expect(say(topics)).toBeUndefined()
})

test('refuses more topics than it may hold', () => {
  const many = Array.from({ length: 1_000_001 }, (_, i) => `${i}`)
  expect(() => new Topics(many)).toThrow(/1000000 topics, was asked for 1000001/)
})
