import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../src/postgres/cluster.ts'
import { eventually } from '../e2e/flow-process.ts'
import { GRAFANA } from '../grafana/checked-in.ts'

export type Sample = { readonly metric: Record<string, string>; readonly values: number[] }
export type Rule = {
  readonly name: string
  readonly query: string
  readonly health: string
  readonly lastError?: string
  readonly state: string
}

const run = promisify(execFile)

/** Runs promtool and gives what it said; throws that where it ends with another code than 0. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('promtool', [...args], { timeout: 100_000 })
  return stdout + stderr
}

/** A folder with our files, as Prometheus is to read them: another target, each second. */
export function filesFor(target: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flow-prometheus-'))
  const token = join(folder, 'token')
  writeFileSync(token, 'none-is-asked-for-on-loopback')
  for (const name of ['alerts.yml', 'alerts.test.yml', 'alerts.seasons.test.yml']) {
    copyFileSync(join(GRAFANA, 'prometheus', name), join(folder, name))
  }
  let config = readFileSync(join(GRAFANA, 'prometheus/prometheus.yml'), 'utf8')
  for (const [ours, its] of [
    ['engine:9464', target],
    ['/run/secrets/flow_http_token', token],
    ['scrape_interval: 15s', 'scrape_interval: 1s'],
    ['evaluation_interval: 15s', 'evaluation_interval: 1s'],
  ] as const) {
    if (!config.includes(ours)) throw new Error(`prometheus.yml: expected ${ours}`)
    config = config.replace(ours, its)
  }
  writeFileSync(join(folder, 'prometheus.yml'), config)
  return folder
}

/** A real Prometheus on the files of a folder. */
export class PrometheusServer {
  readonly #child: ChildProcess
  readonly #url: string
  #said = ''

  private constructor(folder: string, port: number) {
    this.#url = `http://127.0.0.1:${port}`
    this.#child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text
      })
    }
    this.#child.on('error', (error) => {
      this.#said += String(error)
    })
  }

  static async start(folder: string): Promise<PrometheusServer> {
    const server = new PrometheusServer(folder, await freePort(0))
    await eventually('Prometheus is ready', async () => {
      const response = await fetch(`${server.#url}/-/ready`).catch(() => null)
      return response?.ok === true
    }).catch((error: Error) => {
      throw new Error(`${error.message}:\n${server.#said}`)
    })
    return server
  }

  /** Along the last minute, a point a second. */
  async range(query: string): Promise<Sample[]> {
    const end = Math.floor(Date.now() / 1000)
    const times = { start: String(end - 60), end: String(end), step: '1' }
    const { result } = await this.#ask<{
      result: { metric: Record<string, string>; values: [number, string][] }[]
    }>('query_range', { query, ...times })
    return result.map(({ metric, values }) => ({
      metric,
      values: values.map(([, value]) => Number(value)),
    }))
  }

  /** Now. */
  async instant(query: string): Promise<Sample[]> {
    const { result } = await this.#ask<{
      result: { metric: Record<string, string>; value: [number, string] }[]
    }>('query', { query })
    return result.map(({ metric, value }) => ({ metric, values: [Number(value[1])] }))
  }

  labelValues(label: string, match: string): Promise<string[]> {
    return this.#ask(`label/${label}/values`, { 'match[]': match })
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#ask<{ groups: { rules: Rule[] }[] }>('rules', {})
    return groups.flatMap(({ rules }) => rules)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGTERM')
    await closed
  }

  async #ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const body = (await response.json()) as { status: string; data: T; error?: string }
    if (body.status !== 'success') throw new Error(`${parameters.query ?? path}: ${body.error}`)
    return body.data
  }
}
