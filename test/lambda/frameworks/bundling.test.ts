import { build } from 'esbuild';
import { expect, test } from 'vitest';

const ROOT = new URL('../../../', import.meta.url).pathname;

/** The files that are in the bundle of a function that has this code. */
async function bundled(code: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: ROOT, loader: 'ts' },
    absWorkingDir: ROOT,
    outdir: 'out',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['@aws-sdk/*'],
    metafile: true,
  });
  const outputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return outputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
}

const ADAPTERS = /^lambda\/(with-authorization|powertools|hono|frameworks|authorizer)\/|app-sync/;

test.each([
  ["import { authorize } from './lambda/middleware/index.ts'; authorize(options);", []],
  [
    "import { withAuthorization } from './lambda/with-authorization/index.ts'; withAuthorization(options, handler);",
    [
      'lambda/with-authorization/client-error.ts',
      'lambda/with-authorization/http-event.ts',
      'lambda/with-authorization/with-authorization.ts',
    ],
  ],
  [
    "import { authorize } from './lambda/powertools/index.ts'; authorize(options);",
    ['lambda/frameworks/response.ts', 'lambda/frameworks/routed.ts', 'lambda/powertools/authorize.ts'],
  ],
  [
    "import { authorize } from './lambda/hono/index.ts'; authorize(options);",
    ['lambda/frameworks/response.ts', 'lambda/frameworks/routed.ts', 'lambda/hono/authorize.ts'],
  ],
  [
    "import { apiGatewayAuthorizer } from './lambda/authorizer/index.ts'; apiGatewayAuthorizer(options);",
    ['lambda/authorizer/answer.ts', 'lambda/authorizer/authorizer.ts'],
  ],
  [
    "import { appSyncAuthorizer } from './lambda/authorizer/index.ts'; appSyncAuthorizer(options);",
    ['lambda/authorizer/answer.ts', 'lambda/authorizer/app-sync.ts', 'lambda/authorizer/fields.ts'],
  ],
])('%s has its own adapter in it, no other and no framework', async (code, expected) => {
  const files = await bundled(code);
  expect(files.filter((path) => ADAPTERS.test(path)).sort()).toEqual(expected);
  expect(
    files.filter((path) => /node_modules\/(@middy|@aws-lambda-powertools|hono|aws-jwt-verify)\//.test(path)),
  ).toEqual([]);
});
