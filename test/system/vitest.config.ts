import { defineConfig } from 'vitest/config'

/** `npm run test:system`: what needs a real Prometheus or Chromium on the machine (.ci/run). */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    maxWorkers: 2,
    testTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
    retry: process.env.CI === 'true' ? 1 : 0,
  },
})
