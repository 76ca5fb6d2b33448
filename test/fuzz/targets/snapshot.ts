import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { readSnapshot, type Snapshot, writeSnapshot } from '../../../src/journal/snapshot-file.ts'
import { anySnapshot } from '../../journal/snapshots.ts'
import { check, checkEqual, type Target } from '../target.ts'

const FIXED = 16

/** A folder with two snapshots: the newest is the input, the one before is whole. */
export const snapshot: Target = {
  name: 'snapshot',
  words: [
    ...[
      'OFSNAP2\n',
      '{"position":',
      '"segment":',
      '"offset":',
      '"header":',
      '"dictionary":100',
      '"profiles":7',
    ],
    ...['"shards":[300,0]', '"shards":', '"clocks":24', 'null', '[]', '-1', '1.5', '1e400'],
  ],
  share: 0.1,
  inTest: 40,
  mend: withGoodSums,
  async setUp(onClose) {
    const dir = await mkdtemp(join(tmpdir(), 'fuzz-snapshot-'))
    onClose(() => rm(dir, { recursive: true }))
    await writeSnapshot(dir, anySnapshot(1))
    const good = plain(
      await readSnapshot(
        dir,
        () => null,
        () => {},
      ),
    )
    const path = join(dir, 'snapshot-00000002.state')
    return async (input) => {
      await writeFile(path, input)
      const problems: string[] = []
      const asked: unknown[] = []
      const fits = (header: unknown): null => {
        asked.push(header)
        return null
      }
      const came = await readSnapshot(dir, fits, (problem) => problems.push(problem))
      check(came !== null, 'one of them is read')
      if (problems.length > 0) {
        checkEqual([plain(came), problems.length], [good, 1], 'the one before, and why')
        return problems[0]!.replace(/\d+/g, '').slice(0, 60)
      }
      const isPosition = came.position.segment >= 1 && came.position.offset >= 0
      check(isPosition && came.shards.length === came.header.shards, 'a whole head')
      return `read ${came.shards.length} ${came.clocks.length}`
    }
  },
}

function plain(came: Snapshot | null): unknown {
  if (came === null) return null
  const { position, header, dictionary, profiles, shards, clocks } = came
  const small = [[...dictionary], [...profiles]]
  return [position, header, small, shards.map((shard) => [...shard]), [...clocks]]
}

/** The length and both checksums as what the bytes hold now. */
function withGoodSums(input: Buffer): Buffer {
  const end = input.lastIndexOf('}') + 1
  if (input.length < FIXED + 4 || end <= FIXED) return input
  const mended = Buffer.from(input)
  mended.write('OFSNAP2\n', 0)
  mended.writeUInt32LE(end - FIXED, 8)
  mended.writeUInt32LE(crc32(mended.subarray(FIXED, end)), 12)
  if (end <= mended.length - 4) {
    mended.writeUInt32LE(crc32(mended.subarray(end, -4)), mended.length - 4)
  }
  return mended
}
