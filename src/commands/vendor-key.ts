import type { Config } from '../config.ts'

/** A vendor of one's own may want no key; the protocol has no way to send none. */
const NO_KEY = 'no-key'

/** What is sent as the key. */
export function keyToSend({ massiveApiKey }: Pick<Config, 'massiveApiKey'>): string {
  return massiveApiKey ?? NO_KEY
}
