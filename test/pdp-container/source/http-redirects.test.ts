import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { httpSource } from '../../../pdp-container/source/http-source.ts';
import { DEFAULT_FETCH_LIMITS } from '../../../pdp-container/source/remote-source.ts';
import { type BundleServer, type BundleServerOptions, startBundleServer } from '../support/bundle-server.ts';
import { whenDone } from '../support/bundles.ts';

const ARCHIVE = gzipSync('one');

async function serverOf(options?: BundleServerOptions): Promise<BundleServer> {
  const server = await startBundleServer(options);
  server.publish(ARCHIVE);
  whenDone(() => server.close());
  return server;
}

async function fetchFrom(url: string, token?: string): Promise<Uint8Array | undefined> {
  const source = httpSource(url, { token, limits: DEFAULT_FETCH_LIMITS });
  whenDone(async () => source.close?.());
  return (await source.fetch(undefined, new AbortController().signal))?.archive;
}

const tokensOf = ({ requests }: BundleServer) => requests.map(({ headers }) => headers.authorization);

it.each([301, 302, 303, 307, 308])('follows a %i of the same origin, with the token', async (status) => {
  const server = await serverOf({ token: 'secret' });
  server.redirect('/latest', 'bundle.tar.gz', status);
  expect(await fetchFrom(`${server.origin}/latest`, 'secret')).toEqual(ARCHIVE);
  expect(tokensOf(server)).toEqual(['Bearer secret', 'Bearer secret']);
});

it('takes the token to no other origin, and not back from one', async () => {
  const [server, other] = [await serverOf(), await serverOf()];
  server.redirect('/latest', `${other.origin}/on`);
  other.redirect('/on', server.url);
  expect(await fetchFrom(`${server.origin}/latest`, 'secret')).toEqual(ARCHIVE);
  expect(tokensOf(other)).toEqual([undefined]);
  expect(tokensOf(server)).toEqual(['Bearer secret', undefined]);
});

it('follows five redirects, and not a sixth', async () => {
  const server = await serverOf();
  for (let step = 1; step < 6; step += 1) server.redirect(`/${step}`, `/${step + 1}`);
  server.redirect('/6', server.url);
  expect(await fetchFrom(`${server.origin}/2`)).toEqual(ARCHIVE);
  await expect(fetchFrom(`${server.origin}/1`)).rejects.toThrow('it redirects more than 5 times');
});

it.each([
  ['http://policies.example.com/b.tar.gz', 'it redirects to an address that is not https'],
  ['http://127.0.0.1.example.com/b.tar.gz', 'it redirects to an address that is not https'],
  ['file:///etc/passwd', 'it redirects to an address that is not https'],
  ['https://user:password@127.0.0.1/b.tar.gz', 'it redirects to an address with credentials in it'],
  ['https://', 'it answered 302 and no address to go to'],
])('does not follow a redirect to %s', async (location, message) => {
  const server = await serverOf();
  server.redirect('/latest', location);
  await expect(fetchFrom(`${server.origin}/latest`)).rejects.toMatchObject({ name: 'SourceError', message });
});
