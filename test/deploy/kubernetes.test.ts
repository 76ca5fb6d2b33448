import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  DRAIN_SECONDS,
  HTTP_PORT,
  NAMES,
  PINNED,
  ROOT,
  read,
  SECRET_NAMES,
  yaml,
} from './recipes.ts'

type Probe = {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}
type Container = {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly securityContext: object
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } }
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
}
type Pod = {
  readonly automountServiceAccountToken: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number }
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly {
    readonly name: string
    readonly secret?: { readonly secretName: string }
    readonly persistentVolumeClaim?: { readonly claimName: string }
  }[]
}
type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly replicas: number
    readonly strategy: { readonly type: string }
    readonly selector: Record<string, unknown>
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod }
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[]
    readonly podSelector: { readonly matchLabels: object }
  }
}
const FOLDER = 'deploy/kubernetes'
const manifest = (name: string): Manifest => yaml<Manifest>(`${FOLDER}/${name}.yaml`)

/** Each kind with the API group that serves it since Kubernetes 1.21. */
const API: Record<string, string> = {
  Deployment: 'apps/v1',
  Job: 'batch/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  PersistentVolumeClaim: 'v1',
  Service: 'v1',
}
const NAMES_OF_FILES = readdirSync(join(ROOT, FOLDER))
  .map((file) => file.replace('.yaml', ''))
  .filter((name) => name !== 'kustomization')

test.each(NAMES_OF_FILES)('%s is of a kind that its API group serves', (name) => {
  const { kind, apiVersion } = manifest(name)
  expect(apiVersion).toBe(API[kind])
})

test('the kustomization has all but the job, which runs before it', () => {
  const { resources } = yaml<{ resources: string[] }>(`${FOLDER}/kustomization.yaml`)
  const others = NAMES_OF_FILES.filter((name) => name !== 'migrate').map((name) => `${name}.yaml`)
  expect(resources.sort()).toEqual(others.sort())
})

const pods = ['deployment', 'migrate'].map(
  (name) => [name, manifest(name).spec.template.spec] as const,
)

describe.each(pods)('the pod of %s', (_name, pod) => {
  const containers = [...(pod.initContainers ?? []), ...pod.containers]

  test('meets the restricted standard for pods', () => {
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const { securityContext } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
  })

  test('has pinned images, requests and a limit of memory', () => {
    for (const { image, resources } of containers) {
      expect(image).toMatch(PINNED)
      expect(resources.limits.memory).toMatch(/^\d+[MG]i$/)
      expect(Object.keys(resources.requests).sort()).toEqual(['cpu', 'memory'])
    }
  })

  test('names settings that there are, no secret as it is, and volumes that it has', () => {
    const volumes = pod.volumes.map(({ name }) => name)
    for (const { env, volumeMounts, image } of containers) {
      for (const { name } of env) {
        expect(SECRET_NAMES).not.toContain(name)
        if (image.startsWith('options-flow-engine:')) expect(NAMES).toContain(name)
      }
      for (const { name } of volumeMounts) expect(volumes).toContain(name)
      const folders = volumeMounts.map(({ mountPath }) => mountPath)
      for (const { name, value } of env) {
        if (!name.endsWith('_FILE')) continue
        expect(folders, value).toContain(value.slice(0, value.lastIndexOf('/')))
      }
    }
  })

  test('documents every key of its secrets in docs/deploy.md', () => {
    const files = containers.flatMap(({ env }) => env).filter(({ name }) => name.endsWith('_FILE'))
    expect(files.length).toBeGreaterThan(0)
    for (const { value } of files) {
      expect(read('docs/deploy.md')).toContain(`--from-file=${value.split('/').at(-1)}=`)
    }
  })
})

describe('the engine', () => {
  const { replicas, strategy, selector, template } = manifest('deployment').spec
  const pod = template.spec
  const engine = pod.containers[0]!

  test('is one, and never two while a new one comes', () => {
    expect(replicas).toBe(1)
    expect(strategy).toEqual({ type: 'Recreate' })
  })

  test('is alive by /healthz and ready by /readyz, on the port that it has', () => {
    expect(engine.ports).toEqual([{ name: 'http', containerPort: HTTP_PORT }])
    const { startupProbe, livenessProbe, readinessProbe } = engine
    for (const probe of [startupProbe!, livenessProbe!, readinessProbe!]) {
      expect(probe.httpGet.port).toBe('http')
    }
    expect(startupProbe!.httpGet.path).toBe('/healthz')
    expect(livenessProbe!.httpGet.path, 'a vendor that is away must not restart it').toBe(
      '/healthz',
    )
    expect(readinessProbe!.httpGet.path).toBe('/readyz')
    for (const path of ['/healthz', '/readyz']) {
      expect(read('src/metrics/server.ts')).toContain(`path: '${path}'`)
    }
  })

  test('has longer to stop than its drain may take', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(DRAIN_SECONDS)
  })

  test('keeps its journal on the claim', () => {
    const data = engine.env.find(({ name }) => name === 'FLOW_DATA_DIR')!.value
    const mount = engine.volumeMounts.find(({ mountPath }) => mountPath === data)!
    const claim = pod.volumes.find(({ name }) => name === mount.name)!.persistentVolumeClaim!
    expect(claim.claimName).toBe(manifest('persistentvolumeclaim').metadata.name)
  })

  test('is what the service and the network policy choose', () => {
    expect(selector).toEqual({ matchLabels: template.metadata.labels })
    expect(manifest('service').spec.selector).toEqual(template.metadata.labels)
    expect(manifest('networkpolicy').spec.podSelector.matchLabels).toEqual(template.metadata.labels)
    expect(manifest('service').spec.ports[0]).toMatchObject({ port: HTTP_PORT, targetPort: 'http' })
  })
})
