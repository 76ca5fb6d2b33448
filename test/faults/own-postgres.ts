import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chown, cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  clearLeftovers,
  freePort,
  prepareCluster,
  startServer,
  stopServer,
} from '../../src/postgres/cluster.ts'
import { urlOf } from '../../src/postgres/keeper-message.ts'
import { findPlace, type Place } from '../../src/postgres/place.ts'
import { eventually } from '../e2e/flow-process.ts'
import { query, urlWithDatabase } from '../pg/database.ts'

const silent = (): void => {}

/** A PostgreSQL that nobody keeps: it may be killed, stopped and started again on its port. */
export class OwnPostgres {
  readonly #place: Place
  readonly #password: string
  readonly #port: number
  #server: ChildProcess

  private constructor(place: Place, password: string, port: number) {
    this.#place = place
    this.#password = password
    this.#port = port
    this.#server = startServer(place, port, silent)
  }

  /** A new one, or one that goes on from what is there. */
  static async start(dir: string): Promise<OwnPostgres> {
    const place = await findPlace(dir, silent)
    const password = await prepareCluster(place, silent)
    const own = new OwnPostgres(place, password, await freePort(0))
    await own.#answering()
    return own
  }

  get adminUrl(): string {
    return urlOf(this.#password, this.#port, 'postgres')
  }

  /** Makes a database; its connection string. */
  async database(name: string): Promise<string> {
    await query(this.adminUrl, `CREATE DATABASE ${name}`)
    return this.urlOf(name)
  }

  urlOf(name: string): string {
    return urlWithDatabase(this.adminUrl, name)
  }

  get isRunning(): boolean {
    return this.#server.exitCode === null && this.#server.signalCode === null
  }

  /** SIGKILL for the server and every process of it, as a power cut would. */
  async kill(): Promise<void> {
    const exited = this.isRunning ? once(this.#server, 'exit') : null
    for (const pid of this.#pids()) send(pid, 'SIGKILL')
    await exited
  }

  /** A fast stop: sessions are ended, what is not committed is rolled back. */
  async stop(): Promise<void> {
    if (!this.isRunning) return
    const exited = once(this.#server, 'exit')
    await stopServer(this.#server.pid ?? 0, this.#place)
    await exited
  }

  /** Starts it once more, on its port; does nothing while it runs. */
  async startAgain(): Promise<void> {
    if (this.isRunning) return
    await clearLeftovers(this.#place, silent)
    this.#server = startServer(this.#place, this.#port, silent)
    await this.#answering()
  }

  pause(): void {
    for (const pid of this.#pids()) send(pid, 'SIGSTOP')
  }

  resume(): void {
    for (const pid of this.#pids()) send(pid, 'SIGCONT')
  }

  /** Stops it and starts a copy of its data on another port: the standby that takes over. */
  async failOver(dir: string): Promise<OwnPostgres> {
    await this.stop()
    const place = await findPlace(dir, silent)
    await cp(this.#place.home, place.home, { recursive: true })
    const { runAs } = place
    if (runAs !== undefined) {
      for (const name of await readdir(place.home, { recursive: true })) {
        await chown(join(place.home, name), runAs.uid, runAs.gid)
      }
    }
    return OwnPostgres.start(dir)
  }

  /** The server and its children; the server first, so that it makes no more. */
  #pids(): number[] {
    const { pid } = this.#server
    if (pid === undefined || !this.isRunning) return []
    const children = readdirSync('/proc').filter((name) => {
      try {
        const [, after] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')
        return /^\d+$/.test(name) && Number(after?.split(' ')[1]) === pid
      } catch {
        return false // it has ended meanwhile, or it is no process
      }
    })
    return [pid, ...children.map(Number)]
  }

  async #answering(): Promise<void> {
    await eventually('PostgreSQL', () =>
      query(this.adminUrl, 'SELECT').then(
        () => true,
        () => false,
      ),
    )
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended meanwhile
  }
}
