import type { Target } from './target.ts'
import { config } from './targets/config.ts'
import { csv } from './targets/csv.ts'
import { decode } from './targets/decode.ts'
import { file } from './targets/file.ts'
import { flowrec } from './targets/flowrec.ts'
import { http } from './targets/http.ts'
import { journal } from './targets/journal.ts'
import { jsonl } from './targets/jsonl.ts'
import { occ } from './targets/occ.ts'
import { server } from './targets/server.ts'
import { snapshot } from './targets/snapshot.ts'
import { state } from './targets/state.ts'
import { underlying } from './targets/underlying.ts'

/** Everything that reads bytes from outside, or from an earlier process. */
export const TARGETS: readonly Target[] = [
  decode,
  underlying,
  occ,
  csv,
  jsonl,
  flowrec,
  file,
  journal,
  snapshot,
  state,
  config,
  http,
  server,
]
