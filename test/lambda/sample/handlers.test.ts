import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildArchive, compileDirectory, readDirectory } from '../../../compiler/index.ts';
import { gateway } from '../../../lambda/sample/http/gateway.ts';
import { developmentClaims } from '../../../lambda/sample/local/development-token.ts';
import { SAMPLE } from '../bundles.ts';

/** The sample's functions with the evaluator inside, deciding by the sample's own policies. */
describe('the sample application', () => {
  let directory: string;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-'));
    const compiled = await compileDirectory(SAMPLE);
    if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
    const bundle = join(directory, 'bundle.tar.gz');
    await writeFile(bundle, await buildArchive(compiled.bundle, await readDirectory(SAMPLE)));
    vi.stubEnv('PDP_URL', '');
    vi.stubEnv('PDP_BUNDLE', bundle);
    const { NOTES } = await import('../../../lambda/sample/notes-routes.ts');
    const claimsOf = ({ authorization }: IncomingHttpHeaders) => developmentClaims(authorization);
    server = createServer(gateway(NOTES, claimsOf, (_route, error) => console.error(error)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // On a busy machine loading the evaluator may take longer than a request waits for it.
    const settled = async () =>
      expect((await call('alice', 'GET', '/tenants/acme/notes/roadmap')).status).not.toBe(503);
    await vi.waitFor(settled, { timeout: 50_000 });
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  });

  function call(user: string | undefined, method: string, path: string, body?: unknown) {
    return fetch(`${url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(user === undefined ? {} : { authorization: `Bearer dev-${user}` }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  const note = { title: 'New', text: 'Text' };

  test.each<[number, string | undefined, string, string, unknown?]>([
    [200, 'alice', 'GET', '/tenants/acme/notes/roadmap'],
    [200, 'bob', 'GET', '/tenants/acme/notes/roadmap'],
    [200, 'carol', 'GET', '/tenants/acme/notes/roadmap'],
    [200, 'frank', 'GET', '/tenants/acme/notes/roadmap'],
    [403, 'erin', 'GET', '/tenants/acme/notes/roadmap'],
    [200, 'erin', 'GET', '/tenants/globex/notes/roadmap'],
    [403, 'bob', 'GET', '/tenants/globex/notes/roadmap'],
    [403, 'nobody', 'GET', '/tenants/acme/notes/roadmap'],
    [401, undefined, 'GET', '/tenants/acme/notes/roadmap'],
    [403, 'alice', 'GET', '/tenants/acme/notes/none'],
    [403, 'alice', 'GET', '/tenants/acme/notes/road%20map'],
    [200, 'bob', 'PUT', '/tenants/acme/notes/design', note],
    [400, 'bob', 'PUT', '/tenants/acme/notes/design', 'nonsense'],
    [400, 'bob', 'PUT', '/tenants/acme/notes/design', { title: 7, text: 'x' }],
    [403, 'carol', 'PUT', '/tenants/acme/notes/design', note],
    [403, 'alice', 'PUT', '/tenants/acme/notes/old-plan', note],
    [401, undefined, 'PUT', '/tenants/acme/notes/design', note],
    [201, 'bob', 'POST', '/tenants/acme/folders/projects/notes', note],
    [403, 'carol', 'POST', '/tenants/acme/folders/projects/notes', note],
    [403, 'frank', 'POST', '/tenants/acme/folders/projects/notes', note],
    [201, 'frank', 'POST', '/tenants/globex/folders/projects/notes', note],
    [400, 'bob', 'POST', '/tenants/acme/folders/projects/notes'],
  ])('%i: %s %s %s %j', async (status, user, method, path, body) => {
    expect((await call(user, method, path, body)).status).toBe(status);
  });

  test('a note that is made can be read by its tenant, and by no other', async () => {
    const created = (await (await call('bob', 'POST', '/tenants/acme/folders/team/notes', note)).json()) as {
      id: string;
    };
    expect(created).toEqual({
      id: expect.stringMatching(/^acme\/[\da-f-]{36}$/),
      tenant: 'acme',
      author: 'bob',
      ...note,
    });
    const path = `/tenants/acme/notes/${created.id.slice('acme/'.length)}`;
    const response = await call('carol', 'GET', path);
    expect({ status: response.status, note: await response.json() }).toEqual({ status: 200, note: created });
    expect((await call('erin', 'GET', path)).status).toBe(403);
  });

  test('a denial is problem details', async () => {
    const response = await call('erin', 'GET', '/tenants/acme/notes/roadmap');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({ type: 'about:blank', title: 'Forbidden', status: 403 });
    const stranger = await call(undefined, 'GET', '/tenants/acme/notes/roadmap');
    expect(stranger.headers.get('www-authenticate')).toBe('Bearer');
  });
});
