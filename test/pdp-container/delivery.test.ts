import { expect, test } from 'vitest';
import { startBundleServer } from './support/bundle-server.ts';
import { permitOnly, whenDone } from './support/bundles.ts';
import { certificate, certificateFiles } from './support/certificates.ts';
import { ask, call, EVALUATION } from './support/client.ts';
import { publicationOf } from './support/publications.ts';
import { startS3Server } from './support/s3-server.ts';
import { startServerProcess } from './support/server-process.ts';

/** From a store to decisions: the real command, in a process of its own, and a server with archives. */

/** Where archives are put, and how a server finds them. */
interface Place {
  source: string;
  env: Record<string, string>;
  publish(archive: Uint8Array): void;
  down(): void;
  up(): void;
}

/** Encrypted, with a token, and long polling unless it is plain. */
async function httpsPlace(longPolling: boolean): Promise<Place> {
  const tls = await certificate();
  const server = await startBundleServer({ tls, token: 'secret', longPolling });
  whenDone(() => server.close());
  const { cert } = await certificateFiles(tls);
  return {
    source: server.url,
    env: { NODE_EXTRA_CA_CERTS: cert, PDP_SOURCE_TOKEN: 'secret' },
    publish: server.publish,
    down: server.down,
    up: server.up,
  };
}

async function s3Place(): Promise<Place> {
  const server = await startS3Server();
  whenDone(() => server.close());
  return {
    source: 's3://policies/team/bundle.tar.gz',
    env: server.env,
    publish: (archive) => void server.put('policies', 'team/bundle.tar.gz', archive),
    down: server.down,
    up: server.up,
  };
}

test.each([
  ['https', () => httpsPlace(false)],
  ['https with long polling', () => httpsPlace(true)],
  ['S3', s3Place],
])('what is published at %s decides, and goes on to while the source is down', async (_, placeOf) => {
  const place = await placeOf();
  const [alice, bob, carol] = await Promise.all(
    ['alice', 'bob', 'carol'].map(async (user) => publicationOf(permitOnly(user))),
  );
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three were built');
  place.publish(alice.archive);
  const args = [place.source, '--port', '0', '--refresh-interval', '0.05'];
  const { logged, stdout, stderr } = startServerProcess(args, place.env);
  const url = String((await logged('listening')).url);
  const allowed = async () => {
    const users: string[] = [];
    for (const user of ['alice', 'bob', 'carol']) {
      const { json } = await call(url, EVALUATION, { body: ask(user, 'read', 'record-1') });
      if ((json as { decision: boolean }).decision) users.push(user);
    }
    return users;
  };

  await logged('revision active', { revision: alice.revision });
  expect(await allowed()).toEqual(['alice']);

  place.publish(bob.archive);
  await logged('revision active', { revision: bob.revision });
  expect(await allowed()).toEqual(['bob']);

  place.down();
  await logged('reload failed', { serving: bob.revision });
  expect(await allowed()).toEqual(['bob']);
  expect(await call(url, '/ready')).toMatchObject({ status: 200, json: { status: 'ready' } });

  place.publish(carol.archive);
  place.up();
  await logged('revision active', { revision: carol.revision });
  expect(await allowed()).toEqual(['carol']);
  expect(stdout() + stderr()).not.toContain('secret');
});

test('a server begins without its source, and is ready when that is there', async () => {
  const place = await s3Place();
  place.down();
  const { archive, revision } = await publicationOf(permitOnly('alice'));
  place.publish(archive);
  const args = [place.source, '--port', '0', '--refresh-interval', '0.05'];
  const { logged } = startServerProcess(args, place.env);
  const url = String((await logged('listening')).url);
  expect(await logged('reload failed')).toMatchObject({ serving: null });
  expect(await call(url, '/ready')).toMatchObject({ status: 503 });
  place.up();
  await logged('revision active', { revision });
  expect(await call(url, '/ready')).toMatchObject({ status: 200 });
});
