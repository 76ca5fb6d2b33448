import { defineConfig } from 'vitest/config'

/** `npm run test:faults`: apart from `npm test`, because it kills for minutes. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: 'test/faults/global-setup.ts',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
