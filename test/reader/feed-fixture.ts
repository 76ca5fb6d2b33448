import { afterEach } from 'vitest'
import { FeedOwner } from './feed-owner.ts'
import { type Peer, startVendor, type Vendor } from './vendor-server.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Runs after the test, last registered first. */
export function afterwards(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

/** A vendor that closes with the test. */
export async function vendor(...args: Parameters<typeof startVendor>): Promise<Vendor> {
  const started = await startVendor(...args)
  afterwards(started.close)
  return started
}

/** A started session with its owner, stopped with the test. */
export function feed(...args: ConstructorParameters<typeof FeedOwner>): FeedOwner {
  const owner = new FeedOwner(...args)
  afterwards(() => owner.session.stop())
  owner.session.start()
  return owner
}

export const accept = (peer: Peer) => peer.accept()
