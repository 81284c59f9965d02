import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**', 'node_modules/**'],
    // Test files run side by side, and each server that one starts would take this one port.
    env: { PDP_OPA_PORT: 'off' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // For `npm run test:coverage`: what decides is tested all but whole.
    coverage: {
      include: ['engine/**'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { lines: 99.9, statements: 99.9, branches: 99.8, functions: 100 },
    },
  },
});
