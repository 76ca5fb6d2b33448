/**
 * A process that reads one tape after the other, each as its parent asks, in one of three ways:
 * `ws` alone, the naive engine, or the engine as far as its shards, with a writer that stores
 * nothing.
 */
import { WebSocket } from 'ws'
import { limitsFor } from '../../src/engine/limits.ts'
import { Pipeline } from '../../src/engine/pipeline.ts'
import * as count from '../../src/shard/counts.ts'
import type { PostedSlab } from '../../src/writer/messages.ts'
import { openSession } from './feed.ts'
import { NaiveEngine } from './naive.ts'

export type Consumer = 'ws' | 'naive' | 'engine'
export type ConsumerResult = {
  readonly prints: number
  readonly seconds: number
  /** CPU of the main thread and of the whole process, us a print. */
  readonly mainUs: number
  readonly processUs: number
}

let closeAll = (): Promise<void> => Promise.resolve()

/** Reads a tape to its end and gives how many prints it had and how long that took, ms. */
type Reader = (url: string) => Promise<{ readonly prints: number; readonly tookMs: number }>

/** The first frame is the greeting, the second the answer to the key; both are tiny. */
const IS_STATUS_AT = '[{"ev":"'.length
const LETTER_S = 0x73

function plainReader(take: (data: Buffer) => void): Reader {
  return (url) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { skipUTF8Validation: true, perMessageDeflate: false })
      let startedAt = 0
      socket.on('error', reject)
      socket.on('message', (data: Buffer) => {
        if (data[IS_STATUS_AT] !== LETTER_S) {
          if (startedAt === 0) startedAt = performance.now()
          take(data)
          return
        }
        const [{ status, message }] = JSON.parse(data.toString()) as [Record<string, string>]
        if (status === 'connected') socket.send('{"action":"auth","params":"bench"}')
        if (status === 'auth_success') socket.send('{"action":"subscribe","params":"T.*"}')
        if (!message!.startsWith('end ')) return
        const tookMs = performance.now() - startedAt
        socket.close()
        resolve({ prints: Number(message!.slice(4)), tookMs })
      })
    })
}

function wsReader(): Reader {
  let bytes = 0
  return plainReader((data) => {
    bytes += data.length
    if (bytes === 0) throw new Error('empty frame')
  })
}

function naiveReader(): Reader {
  const engine = new NaiveEngine(() => {})
  return plainReader((data) => engine.frame(data.toString()))
}

function engineReader(): Reader {
  let isClosing = false
  let said = (_message: string): void => {}
  let look = (): void => {}
  let session: ReturnType<typeof openSession> | null = null
  let classified = 0
  let free: PostedSlab[] = []
  const pipeline = new Pipeline({
    watched: new Set(['SPX', 'NDX', 'SPY', 'QQQ', 'IWM']),
    shards: 1,
    connections: 1,
    limits: limitsFor(1),
    classifier: {
      rules: 'opra',
      minSize: 10,
      windowMs: 500,
      quoteMaxAgeMs: 5000,
      lookupPremium: 0,
    },
    writer: {
      define: () => {},
      cancel: () => {},
      requote: () => {},
      post: (slab) => {
        if (free.length === 0) setImmediate(release)
        free.push(slab)
      },
    },
    onStatus: (_connection, status, message) => {
      session?.handleStatus(status, message)
      said(message)
    },
    onData: () => session?.noteData(),
    onBlocked: () => session?.pause(),
    onUnblocked: () => session?.resume(),
    onResult: ({ counts }) => {
      for (let i = count.COUNT_CLASSIFIED; i < count.COUNTS; i++) classified += counts[i]!
      if (counts[count.COUNT_DUPLICATE] !== 0) throw new Error('the tape has no duplicates')
      look()
    },
    onLag: () => {},
    onError: (error) => {
      // a call that is under way at the end is cut off with its thread
      if (!isClosing) throw error
    },
  })
  const release = (): void => {
    const slabs = free
    free = []
    pipeline.release({ slabs, cancels: 0, requotes: 0 })
  }
  closeAll = () => {
    isClosing = true
    return pipeline.close()
  }
  return (url) => {
    const done = Promise.withResolvers<{ prints: number; tookMs: number }>()
    const before = pipeline.decoder.counts.received
    let startedAt = 0
    let sent = Number.NaN
    session = openSession(url, {
      push: (data, isBinary, stamp) => {
        if (startedAt === 0 && data[IS_STATUS_AT] !== LETTER_S) startedAt = performance.now()
        pipeline.push(data, isBinary, stamp)
      },
    })
    const mine = session
    // a print that is held has been classified as far as it can be: its window is open
    look = () => {
      const { received } = pipeline.decoder.counts
      if (received - before < sent || Number.isNaN(sent)) return
      if (classified + pipeline.held < received) return
      const tookMs = performance.now() - startedAt
      look = () => {}
      void mine.stop().then(() => done.resolve({ prints: sent, tookMs }))
    }
    said = (message) => {
      if (!message.startsWith('end ')) return
      sent = Number(message.slice(4))
      look()
    }
    return done.promise
  }
}

const readers: Readonly<Record<Consumer, () => Reader>> = {
  ws: wsReader,
  naive: naiveReader,
  engine: engineReader,
}

const read = readers[process.argv[2] as Consumer]()
process.on('message', (url: string) => {
  const main = process.threadCpuUsage()
  const all = process.cpuUsage()
  void read(url).then(({ prints, tookMs }) => {
    const spentMain = process.threadCpuUsage(main)
    const spent = process.cpuUsage(all)
    const result: ConsumerResult = {
      prints,
      seconds: tookMs / 1000,
      mainUs: (spentMain.user + spentMain.system) / prints,
      processUs: (spent.user + spent.system) / prints,
    }
    process.send?.(result)
  })
})
process.on('disconnect', () => void closeAll().then(() => process.exit(0)))
