import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dashboards } from './dashboards.ts'

/** `npm run grafana`: writes grafana/dashboards, which Grafana reads. */
for (const [name, text] of dashboards()) {
  writeFileSync(join(import.meta.dirname, '..', 'dashboards', name), text)
  console.log(`grafana/dashboards/${name}`)
}
