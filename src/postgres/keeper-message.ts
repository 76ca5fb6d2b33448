import { ROLE } from './cluster.ts'

/** What the keeper tells the engine. Anything that the engine sends means: stop. */
export type KeeperMessage =
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string }

export const DATABASE = 'flow'

/** Connection string of the embedded PostgreSQL. It holds the password: never log it. */
export function urlOf(password: string, port: number, database = DATABASE): string {
  return `postgresql://${ROLE}:${password}@127.0.0.1:${port}/${database}`
}
