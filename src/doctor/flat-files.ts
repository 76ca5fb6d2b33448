import { type FileSource, FlatFileError, requestFile } from '../fill/flat-request.ts'
import { describeError } from '../reader/describe-error.ts'
import { type Finding, fail, ok, skip } from './finding.ts'

export type FlatFilesAsked = Pick<FileSource, 'url' | 'bucket'> & {
  readonly accessKey: string | undefined
  readonly secretKey: string | undefined
}

/** A file that is always there: the first Wednesday of 2024. */
const KEY = 'us_options_opra/trades_v1/2024/01/2024-01-03.csv.gz'

/** The keys of the flat files: asks for one, and takes none of it. */
export async function checkFlatFiles(
  { accessKey, secretKey, ...asked }: FlatFilesAsked,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (accessKey === undefined || secretKey === undefined) {
    const todo = 'flow backfill needs FLOW_FLATFILES_ACCESS_KEY and FLOW_FLATFILES_SECRET_KEY'
    return [skip('flat files', 'no keys are set', todo)]
  }
  const source = { ...asked, accessKey, secretKey, key: KEY }
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  try {
    await requestFile(source, { from: 0, etag: null }, either)
    return [ok('flat files', 'the keys are taken')]
  } catch (error) {
    if (error instanceof FlatFileError) {
      const [what, ...todo] = error.message.split('; ')
      return [fail('flat files', what!, todo.join('; '))]
    }
    const reason = error instanceof Error ? describeError(error) : String(error)
    return [fail('flat files', reason, 'check FLOW_FLATFILES_URL and the network')]
  } finally {
    leaving.abort()
  }
}
