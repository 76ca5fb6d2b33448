import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { DRAIN_SECONDS, HTTP_PORT, ROOT, read } from './recipes.ts'

/**
 * What docs.railway.com/config-as-code/reference says of the keys that are used here; Railway's own
 * schema could not be fetched. Times are numbers: its parser refuses texts.
 */
const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['$schema', 'build', 'deploy'],
  properties: {
    $schema: { const: 'https://railway.com/railway.schema.json' },
    build: {
      type: 'object',
      additionalProperties: false,
      required: ['builder', 'dockerfilePath'],
      properties: { builder: { enum: ['DOCKERFILE'] }, dockerfilePath: { type: 'string' } },
    },
    deploy: {
      type: 'object',
      additionalProperties: false,
      properties: {
        preDeployCommand: { type: 'array', items: { type: 'string' }, maxItems: 1 },
        startCommand: { type: 'string' },
        healthcheckPath: { type: 'string', pattern: '^/' },
        healthcheckTimeout: { type: 'integer', minimum: 1 },
        numReplicas: { const: 1 },
        overlapSeconds: { type: 'integer', minimum: 0 },
        drainingSeconds: { type: 'integer', minimum: 1 },
        cronSchedule: { type: 'string', pattern: '^(?:\\S+ ){4}\\S+$' },
        restartPolicyType: { enum: ['ON_FAILURE', 'ALWAYS', 'NEVER'] },
        restartPolicyMaxRetries: { type: 'integer', minimum: 1 },
      },
    },
  },
}
const check = new Ajv({ allErrors: true, strictTypes: false }).compile(SCHEMA)

type Recipe = {
  readonly build: { readonly dockerfilePath: string }
  readonly deploy: {
    readonly preDeployCommand?: readonly string[]
    readonly startCommand?: string
    readonly healthcheckPath?: string
    readonly overlapSeconds?: number
    readonly drainingSeconds?: number
  }
}
const recipe = (name: string): Recipe => JSON.parse(read(`deploy/railway/${name}.json`))

test.each(['flow', 'worker', 'web'])('%s.json has keys and values that Railway knows', (name) => {
  check(recipe(name))
  expect(check.errors).toBeNull()
  expect(existsSync(join(ROOT, recipe(name).build.dockerfilePath))).toBe(true)
})

test('a time that is a text, a key that is none and a second engine are refused', () => {
  const flow = recipe('flow')
  for (const wrong of [{ drainingSeconds: '45' }, { healthCheckPath: '/' }, { numReplicas: 2 }]) {
    expect(check({ ...flow, deploy: { ...flow.deploy, ...wrong } })).toBe(false)
  }
})

test('flow starts what the image starts, is ready by /readyz, and drains before it is killed', () => {
  const { deploy } = recipe('flow')
  const [, entry] = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile'))!
  const program = (JSON.parse(entry!) as string[]).join(' ')
  expect(deploy.startCommand).toBe(`${program} run`)
  expect(deploy.preDeployCommand).toEqual([`${program} migrate`])
  expect(deploy.healthcheckPath).toBe('/readyz')
  expect(deploy.drainingSeconds).toBeGreaterThan(DRAIN_SECONDS)
  expect(deploy.overlapSeconds, 'never two engines at once').toBe(0)
})

test('worker starts a program that is there', () => {
  const { startCommand } = recipe('worker').deploy
  const [node, path] = startCommand!.split(' ')
  expect(node).toBe('node')
  expect(existsSync(join(ROOT, path!))).toBe(true)
  expect(read(recipe('worker').build.dockerfilePath)).toContain(`CMD ["node", "${path}"]`)
})

test('web passes on to the port of the engine', () => {
  const [, list] = /^CMD (.*)$/m.exec(read(recipe('web').build.dockerfilePath))!
  const args = JSON.parse(list!) as string[]
  expect(args[args.indexOf('--to') + 1]).toBe(`http://flow.railway.internal:${HTTP_PORT}`)
  expect(recipe('web').deploy.healthcheckPath).toBe('/healthz')
})
