import { chmod, mkdir, open } from 'node:fs/promises'

/** Makes a folder, unless it is there, and closes it to other users. Throws when it cannot. */
export async function makePrivate(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await chmod(dir, 0o700)
  } catch (cause) {
    throw new Error(
      `${dir} cannot be used (${(cause as Error).message}): it must be a folder that belongs to ` +
        'the user of the engine; change that, or set FLOW_DATA_DIR to another directory',
      { cause },
    )
  }
}

/** Makes names that were added to a folder, or removed, last through a power cut. */
export async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return // a folder cannot be opened there
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
