import { afterEach, expect, test } from 'vitest'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/server.ts'
import { Client, until } from './client.ts'

let simulator: Simulator
const clients: Client[] = []

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  simulator = await startSimulator({ source: { kind: 'none' }, ...options })
}
function connect(options: { perMessageDeflate?: boolean } = {}): Client {
  const client = new Client(simulator.wsUrl, options)
  clients.push(client)
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await simulator.close()
})

const PRINT = '[{"ev":"T","sym":"O:SPY261218C00650000","x":302,"p":1.5,"s":1,"t":1,"q":1}]'
const success = (message: string) => ({ ev: 'status', status: 'success', message })

test('greets, takes a key, and answers each topic in one frame', async () => {
  await start()
  const client = connect()
  expect(await client.frames(1)).toEqual([
    '[{"ev":"status","status":"connected","message":"Connected Successfully"}]',
  ])
  client.send('auth', 'any key')
  await client.frames(2)
  expect(client.texts[1]).toBe(
    '[{"ev":"status","status":"auth_success","message":"authenticated"}]',
  )
  client.send('subscribe', 'T.O:SPY261218C00650000, A.O:SPY261218C00650000,AM.*')
  await client.frames(3)
  expect(JSON.parse(client.texts[2]!)).toEqual([
    success('subscribed to: T.O:SPY261218C00650000'),
    success('subscribed to: A.O:SPY261218C00650000'),
    success('subscribed to: AM.*'),
  ])
  client.send('unsubscribe', 'T.O:SPY261218C00650000')
  await client.frames(4)
  expect(JSON.parse(client.texts[3]!)).toEqual([success('unsubscribed to: T.O:SPY261218C00650000')])
})

test('refuses a wrong key and ends without a close frame', async () => {
  await start({ apiKey: 'right' })
  for (const key of ['wrong', 'invalid', '']) {
    const client = connect()
    await client.frames(1)
    client.send('auth', key)
    expect(await client.closed()).toBe(1006)
    expect(client.texts[1]).toBe(
      '[{"ev":"status","status":"auth_failed","message":"authentication failed"}]',
    )
  }
  const client = connect()
  await client.subscribe('T.*', 'right')
  expect(client.texts[2]).toContain('subscribed to: T.*')
})

test('any key but the invalid one is right without a key of its own', async () => {
  await start()
  const client = connect()
  await client.frames(1)
  client.send('auth', 'invalid')
  expect(await client.closed()).toBe(1006)
})

test('a plan without WebSocket access is refused in the words of the vendor', async () => {
  await start({ faults: [{ name: 'noplan' }] })
  const client = connect()
  await client.frames(1)
  client.send('auth', 'key')
  expect(await client.closed()).toBe(1006)
  expect(JSON.parse(client.texts[1]!)).toEqual([
    {
      ev: 'status',
      status: 'auth_failed',
      message:
        "Your plan doesn't include websocket access. Visit https://massive.com/pricing to upgrade.",
    },
  ])
})

test('a client that sends no key is told so and cut off', async () => {
  await start({ authTimeoutMs: 30 })
  const client = connect()
  expect(await client.closed()).toBe(1006)
  expect(JSON.parse(client.texts[1]!)).toEqual([
    { ev: 'status', status: 'auth_timeout', message: 'No authentication request received.' },
  ])
})

test('says nothing to unknown channels, topics held already and Q.*', async () => {
  await start()
  const client = connect()
  await client.subscribe('T.*')
  for (const params of ['ZZ.AAPL', 'QQ.AAPL', 'T.*', 'Q.*', 'nonsense', '', 'T.']) {
    client.send('subscribe', params)
  }
  client.send('subscribe', 'T.NOTATICKER,T.O:SPY*')
  await client.frames(4)
  await client.settled()
  expect(client.texts.length).toBe(4)
  expect(JSON.parse(client.texts[3]!)).toEqual([
    success('subscribed to: T.NOTATICKER'),
    success('subscribed to: T.O:SPY*'),
  ])
})

test('says what is wrong with what is no JSON and with channels of other plans', async () => {
  await start()
  const client = connect()
  await client.subscribe('T.*')
  client.socket.send('{"action":')
  client.socket.send(Buffer.from([1, 2]))
  client.send('subscribe', 'NOI.*,FMV.O:X')
  await client.frames(6)
  const invalid = '[{"ev":"status","status":"error","message":"Invalid JSON"}]'
  expect(client.texts.slice(3, 5)).toEqual([invalid, invalid])
  expect(JSON.parse(client.texts[5]!)).toEqual([
    { ev: 'status', status: 'error', message: 'not authorized' },
    { ev: 'status', status: 'error', message: 'not authorized' },
  ])
})

test('topics count after auth_success only', async () => {
  await start()
  const client = connect()
  await client.frames(1)
  client.send('subscribe', 'T.*')
  await client.settled()
  simulator.publish(PRINT)
  await client.settled()
  expect(client.texts.length).toBe(1)
})

test('quotes go to at most 1,000 contracts of a connection, the rest is ignored', async () => {
  await start()
  const client = connect()
  const topics = Array.from({ length: 1001 }, (_, i) => `Q.O:X${i}`)
  await client.subscribe(topics.join(','))
  const answers = JSON.parse(client.texts[2]!) as { message: string }[]
  expect(answers.length).toBe(1000)
  expect(answers.at(-1)?.message).toBe('subscribed to: Q.O:X999')
  const quote = (i: number) => `[{"ev":"Q","sym":"O:X${i}","bp":1,"ap":2,"t":1}]`
  for (const i of [1000, 999]) simulator.publish(quote(i))
  await client.settled()
  expect(client.data).toEqual([quote(999)])
  client.send('unsubscribe', 'Q.O:X0')
  client.send('subscribe', 'Q.O:X1000')
  await client.settled()
  simulator.publish(quote(1000))
  await client.settled()
  expect(client.data.at(-1)).toBe(quote(1000))
})

test('sends each connection what it asked for', async () => {
  await start({ maxConnections: 5 })
  const all = connect()
  const one = connect()
  const other = connect()
  const bars = connect()
  await all.subscribe('T.*')
  await one.subscribe('T.O:SPY261218C00650000')
  await other.subscribe('T.O:SPY*,T.O:QQQ261218C00650000')
  await bars.subscribe('A.*,AM.*')
  simulator.publish(PRINT)
  for (const client of [all, one, other, bars]) await client.settled()
  expect([all.data, one.data, other.data, bars.data]).toEqual([[PRINT], [PRINT], [], []])
  one.send('unsubscribe', 'T.O:SPY261218C00650000')
  await one.settled()
  simulator.publish(PRINT)
  await one.settled()
  expect(one.data.length).toBe(2) // the print of before and the answer
})

test('accepts compression only where it is switched on', async () => {
  await start({ deflate: true })
  const client = connect({ perMessageDeflate: true })
  await client.subscribe('T.*')
  expect(client.socket.extensions).toBe('permessage-deflate')
  await simulator.close()
  await start()
  const plain = connect({ perMessageDeflate: true })
  await plain.subscribe('T.*')
  expect(plain.socket.extensions).toBe('')
})

test('other clusters are not there', async () => {
  await start()
  const client = new Client(simulator.wsUrl.replace('options', 'forex'))
  await until(() => client.errors.length > 0)
  expect(client.errors[0]?.message).toContain('400')
})
