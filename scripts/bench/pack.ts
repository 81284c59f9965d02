import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How the constructs pack a function (`lib/private/function-bundling.ts`): one minified ES module. */
export const PACKED = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  external: ['@aws-sdk/*'],
  logLevel: 'warning',
} satisfies BuildOptions;
