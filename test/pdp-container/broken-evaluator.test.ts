import { expect, test } from 'vitest';
import { loadCedar } from '../../compiler/oracle/load.ts';
import { writeBundle } from './support/bundles.ts';
import { ask, call, EVALUATION } from './support/client.ts';
import { startServer } from './support/server.ts';

/** In a file of its own: the instance is the process's, and dies here. */

test('a WebAssembly instance that died makes the server unready and unhealthy, for good', async () => {
  const server = await startServer({ evaluator: 'wasm', reloadMs: 20, opaPort: 0 });
  const { url, opaUrl = '' } = server;
  const evaluate = () => call(url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  expect(await evaluate()).toMatchObject({ status: 200, json: { decision: true } });
  expect((await call(url, '/healthy')).status).toBe(200);
  expect((await call(opaUrl, '/health')).status).toBe(200);
  expect((await call(url, '/metrics')).text).toContain('\npdp_evaluator_broken 0\n');

  const nested = `${'('.repeat(5_000)}true${')'.repeat(5_000)}`;
  const hostile = `permit(principal, action, resource) when { ${nested} };`;
  expect(() => loadCedar().checkParsePolicySet({ staticPolicies: hostile })).toThrow();

  expect(await evaluate()).toMatchObject({
    status: 500,
    json: { error: { status: 500, message: 'internal error' } },
  });
  await server.logged('evaluator broken');
  expect(await call(url, '/healthy')).toMatchObject({ status: 503, json: { status: 'unhealthy' } });
  for (const path of ['/ready', '/healthcheck', '/health']) {
    expect(await call(url, path)).toMatchObject({ status: 503, json: { status: 'broken' } });
  }
  expect(await call(opaUrl, '/health')).toMatchObject({
    status: 500,
    json: { error: 'unable to perform evaluation' },
  });
  expect((await call(url, '/metrics')).text).toContain('\npdp_evaluator_broken 1\n');

  // A new revision does not mend it.
  await writeBundle(server.source, { 'more.cedar': 'permit(principal, action, resource);' });
  await server.logged('reload failed');
  expect(await evaluate()).toMatchObject({
    status: 503,
    json: { error: { status: 503, message: 'the evaluator is broken' } },
  });
  expect((await call(url, '/healthy')).status).toBe(503);
});
