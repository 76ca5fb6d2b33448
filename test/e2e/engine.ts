import { type Account, eventually, FlowProcess } from './flow-process.ts'

/** `flow run` with its HTTP server. */
export class Engine extends FlowProcess {
  #url: string | undefined

  constructor(settings: Record<string, string>, command?: readonly string[]) {
    super(
      command === undefined ? ['run'] : [],
      { FLOW_HTTP_PORT: '0', FLOW_SHARDS: '2', FLOW_RECONNECT_MIN_MS: '50', ...settings },
      command,
    )
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    this.#url ??= String((await this.line('listening')).url)
    const response = await fetch(this.#url + path)
    return { status: response.status, body: await response.text() }
  }

  /** Resolves once /readyz says so. */
  async ready(): Promise<void> {
    await this.line('listening')
    let answer = ''
    await eventually('ready', async () => {
      const { status, body } = await this.get('/readyz')
      answer = body
      return status === 200
    }).catch((error: Error) => {
      throw new Error(`${error.message} (${answer.trim()}):\n${this.said}`)
    })
  }

  /** Every sample of /metrics, by name with labels. */
  async metrics(): Promise<Map<string, number>> {
    const { body } = await this.get('/metrics')
    const samples = new Map<string, number>()
    for (const line of body.split('\n')) {
      const found = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line)
      if (found !== null) samples.set(found[1]!, Number(found[2]))
    }
    return samples
  }

  async metric(name: string): Promise<number> {
    return (await this.metrics()).get(name) ?? Number.NaN
  }

  /** Resolves once the engine has counted so many prints as received. */
  async received(prints: number): Promise<void> {
    let last = 0
    await eventually(`${prints} prints received`, async () => {
      last = await this.metric('flow_trades_received_total')
      return last >= prints
    }).catch((error: Error) => {
      throw new Error(`${error.message}, only ${last}`)
    })
  }

  /** The account as /api/stats tells it. */
  async stats(): Promise<{ account: Account; held: number; credits: number; ready: string }> {
    return JSON.parse((await this.get('/api/stats')).body)
  }

  /** Drains it; throws unless it ends with exit code 0. */
  async drain(): Promise<Account> {
    const code = await this.kill('SIGTERM')
    if (code !== 0) throw new Error(`exit code ${code}:\n${this.said}`)
    return this.account
  }
}
