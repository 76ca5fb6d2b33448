import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboards } from '../../grafana/src/dashboards.ts'
import { allTargets, dashboardOf, FILES, GRAFANA, textOf } from './checked-in.ts'

test.each(FILES)('%s is what npm run grafana writes', (file) => {
  expect(dashboards().get(file)).toBe(textOf(file))
})

describe.each(FILES)('%s', (file) => {
  const { panels } = dashboardOf(file)
  const shown = panels.filter(({ type }) => type !== 'row')

  test('says of each panel what it shows and in which unit', () => {
    expect(shown.length).toBeGreaterThan(10)
    for (const { title, description, fieldConfig } of shown) {
      expect([title, (description ?? '').length > 20]).toEqual([title, true])
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/\w/)])
    }
  })

  test('has no two panels of one name, and none on top of another', () => {
    expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length)
    const cells = shown.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...shown.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24)
  })

  test('fills each line of panels to its end', () => {
    const widths = new Map<number, number>()
    for (const { gridPos } of shown) {
      widths.set(gridPos.y, (widths.get(gridPos.y) ?? 0) + gridPos.w)
    }
    expect([...new Set(widths.values())]).toEqual([24])
  })
})

test('the dashboards have the uids that others link to', () => {
  expect(FILES.map((file) => dashboardOf(file).uid)).toEqual(['flow-operations', 'flow-flow'])
})

test('the data sources of the queries are provisioned', () => {
  const file = join(GRAFANA, 'provisioning/datasources/flow.yaml')
  const { datasources } = parse(readFileSync(file, 'utf8')) as {
    datasources: { name: string; uid: string; type: string }[]
  }
  const provisioned = datasources.map(({ uid, type }) => `${type} ${uid}`).sort()
  const used = new Set<string>()
  JSON.parse(`[${FILES.map(textOf).join()}]`, (key, value) => {
    if (key === 'datasource') used.add(`${value.type} ${value.uid}`)
    return value
  })
  expect([...used].sort()).toEqual(provisioned)
})

test('both data sources are asked', () => {
  const sources = allTargets().map(({ source }) => source)
  expect(new Set(sources)).toEqual(new Set(['prometheus', 'postgresql']))
})
