import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/pack-functions.ts'],
    exclude: ['test/system/**', 'node_modules/**'],
    // Test files run side by side, and each server that one starts would take this one port.
    env: { PDP_OPA_PORT: 'off' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // For `npm run test:coverage`: what decides is tested to the last branch.
    coverage: {
      include: ['engine/**'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { 100: true },
    },
  },
});
