import { expect, it } from 'vitest';
import { type BundleServer, type BundleServerOptions, startBundleServer } from './bundle-server.ts';
import { whenDone } from './bundles.ts';

async function started(options?: BundleServerOptions): Promise<BundleServer> {
  const server = await startBundleServer(options);
  whenDone(() => server.close());
  return server;
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

it('serves what is published, and says when there is nothing new', async () => {
  const server = await started();
  expect(await get(server.url)).toMatchObject({ status: 404 });
  server.publish(Buffer.from('one'));
  const first = await get(server.url);
  expect(first).toMatchObject({ status: 200, text: 'one' });
  const etag = first.headers.get('etag') ?? '';
  expect(await get(server.url, { 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
  server.publish(Buffer.from('two'));
  expect(await get(server.url, { 'if-none-match': etag })).toMatchObject({ status: 200, text: 'two' });
});

it('holds a long poll until something is published, or its time is over', async () => {
  const server = await started({ longPolling: true });
  server.publish(Buffer.from('one'));
  const first = await get(server.url, { prefer: 'modes=snapshot;wait=600' });
  expect(first.headers.get('content-type')).toBe('application/vnd.openpolicyagent.bundles');
  const known = { 'if-none-match': first.headers.get('etag') ?? '', prefer: 'modes=snapshot;wait=600' };

  const changed = get(server.url, known);
  await server.held();
  server.publish(Buffer.from('two'));
  expect(await changed).toMatchObject({ status: 200, text: 'two' });

  server.publish(Buffer.from('one'));
  const over = get(server.url, known);
  await server.held();
  server.release();
  expect(await over).toMatchObject({ status: 304 });
});

it('asks for its token', async () => {
  const server = await started({ token: 'secret' });
  server.publish(Buffer.from('one'));
  expect(await get(server.url)).toMatchObject({ status: 401 });
  expect(await get(server.url, { authorization: 'Bearer other' })).toMatchObject({ status: 403 });
  expect(await get(server.url, { authorization: 'Bearer secret' })).toMatchObject({ status: 200 });
});

it('redirects, goes down and comes back', async () => {
  const server = await started();
  server.publish(Buffer.from('one'));
  server.redirect('/moved', server.url);
  const moved = await get(`${server.origin}/moved`);
  expect([moved.status, moved.headers.get('location')]).toEqual([302, server.url]);
  server.down();
  await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  server.up();
  expect(await get(server.url)).toMatchObject({ status: 200 });
});

it.each(['truncated', 'truncated-chunks'] as const)('breaks an answer off: %s', async (fault) => {
  const server = await started();
  server.publish(Buffer.alloc(1_000));
  server.fault = fault;
  const response = await fetch(server.url);
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow('terminated');
});
