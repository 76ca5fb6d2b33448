import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/live/**', 'test/faults/**', 'test/system/**'],
    globalSetup: 'test/global-setup.ts',
    // Real threads, sockets and PostgreSQL, which wait for one another half of the time: three
    // files at once use two cores whole, and more would only be slower each.
    maxWorkers: 3,
    testTimeout: 60_000,
    // a machine that is busy with others takes its time
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
    // a machine that CI shares with others may stall for seconds; at a desk a flake must show
    retry: process.env.CI === 'true' ? 1 : 0,
  },
})
