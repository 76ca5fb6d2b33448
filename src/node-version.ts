/** zstd in node:zlib, and TypeScript that runs as it is. */
const NODE_MAJOR_MIN = 24

/** One line for a Node.js that is too old, or undefined. `version` like `24.21.0`. */
export function nodeProblem(version: string, path: string): string | undefined {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return undefined
  return (
    `flow: expected Node.js ${NODE_MAJOR_MIN} or later, came ${version} (${path}); ` +
    'install a newer one, or use the npm scripts, which bring their own'
  )
}
