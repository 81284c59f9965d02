import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { directoryOf } from '../bundles.ts';
import { fakeEcs, fakeService, fakeTask, fakeTaskDefinition } from '../fake-ecs.ts';
import { freePort } from '../lambda/servers.ts';
import { certificate, certificateFiles } from '../pdp-container/support/certificates.ts';
import { startServer } from '../pdp-container/support/server.ts';
import { policyOf, TARGET, testStore } from './store.ts';

/** A PDP that says the next of these each time it is asked; its URL, and the host and key that it was sent. */
async function scriptedPdp(says: object[]): Promise<{ url: string; sent: unknown[] }> {
  const sent: unknown[] = [];
  const server = createServer((request, response) => {
    sent.push([request.headers.host, request.headers.authorization]);
    const said = says[Math.min(sent.length, says.length) - 1];
    response.writeHead(request.url === '/base/health' ? 200 : 404).end(JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`, sent };
}

describe('pdp publish --wait', () => {
  it('follows PDPs until they run it, over TLS with --ca', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    const tls = await certificate();
    const [plain, secure] = [
      await startServer({ source: ann }),
      await startServer({ source: ann, tls: await certificateFiles(tls) }),
    ];
    const ca = join(ann, 'ca.pem');
    await writeFile(ca, tls.cert);
    const args = ['publish', ann, TARGET, '--wait', plain.url, '--wait', secure.url];
    const { code, stdout, stderr } = await store.pdp([...args, '--ca', ca]);
    expect(stdout.split('\n').slice(2)).toEqual([
      '    0 s  2 of 2 run it',
      `active  all 2 PDPs run revision ${plain.revision} after 0 s`,
      '',
    ]);
    expect([code, stderr]).toEqual([0, '']);

    const untrusted = await store.json([...args, '--timeout', '1']);
    expect(untrusted).toMatchObject({
      code: 1,
      outcome: 'unchanged',
      wait: {
        outcome: 'timed-out',
        pdps: [
          { state: 'reached' },
          { state: 'unreachable', reason: expect.stringContaining('SELF_SIGNED') },
        ],
      },
    });
  });

  it('tells how far it is, sends the key, and says why one does not run it', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    const lastReload = {
      result: 'failure',
      problemCount: 1,
      problems: [{ file: 'manifest.jws', line: 1, column: 1, message: 'is missing' }],
    };
    const { url, sent } = await scriptedPdp([
      { status: 'ready', revision: 'old' },
      { status: 'ready', revision: 'old', lastReload },
    ]);
    const gone = `http://127.0.0.1:${await freePort()}`;
    const args = ['publish', ann, TARGET, '--wait', url, '--wait', gone, '--timeout', '3'];
    const { code, stdout } = await store.pdp(args, { PDP_API_KEY: 'k3y' });
    const { origin } = new URL(url);
    const refuses =
      'it runs revision old, and refuses what it was last offered: manifest.jws:1:1: is missing';
    const away = `${gone}: ${gone.slice(7)} did not answer (ECONNREFUSED)`;
    const [{ revision } = {}] = await store.manifests();
    expect(stdout.split('\n').slice(2)).toEqual([
      `    0 s  0 of 2 run it; ${origin}: it runs revision old; ${away}`,
      `    2 s  0 of 2 run it; ${origin}: ${refuses}; ${away}`,
      `not active  after 3 s not every PDP runs revision ${revision}`,
      `            ${origin}: ${refuses}`,
      `            ${away}: is this run from a network that reaches it?`,
      '',
    ]);
    expect(code).toBe(1);
    expect(sent.length).toBeGreaterThan(1);
    expect(sent).toEqual(sent.map(() => [new URL(url).host, 'Bearer k3y']));
  });

  it('asks each task of a service', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    const pdp = await startServer({ source: ann });
    const port = Number(new URL(pdp.url).port);
    const ecs = await fakeEcs({
      service: fakeService(2),
      tasks: { a1: fakeTask('a1', '127.0.0.1'), a2: fakeTask('a2', '127.0.0.1', { lastStatus: 'PENDING' }) },
      taskDefinitions: { 'pdp:7': fakeTaskDefinition('pdp:7', undefined, port) },
    });
    const { AWS_ENDPOINT_URL_ECS = '' } = ecs.env;
    const args = ['publish', ann, TARGET, '--cluster', 'pdp', '--service', 'api'];
    // A task that does not run yet starts with what is published.
    expect(await store.json(args, { AWS_ENDPOINT_URL_ECS })).toMatchObject({
      code: 0,
      wait: { outcome: 'reached', pdps: [{ pdp: 'task a1', state: 'reached', revision: pdp.revision }] },
    });
    const missing = await store.pdp([...args.slice(0, -1), 'other'], { AWS_ENDPOINT_URL_ECS });
    expect(missing.stdout).toMatch(/^passed.*\nunchanged /);
    expect(missing.code).toBe(2);
  });
});
