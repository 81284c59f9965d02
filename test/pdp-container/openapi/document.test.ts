import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { call } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type Document, documentOf, KEY, operationsOf, startAll } from './support.ts';

/** Routes as Fastify tells of them, port by port. */
const registered: Set<string>[] = [];
let server: TestServer;
let document: Document;

beforeAll(async () => {
  const listen = (message: unknown) => {
    const routes = new Set<string>();
    registered.push(routes);
    (message as { fastify: FastifyInstance }).fastify.addHook(
      'onRoute',
      ({ method, url, exposeHeadRoute }) => {
        // A GET has its HEAD by itself.
        if (method === 'HEAD' && exposeHeadRoute !== false) return;
        for (const name of [method].flat()) routes.add(`${name} ${url.replace(/\*$/, '{path}')}`);
      },
    );
  };
  subscribe('fastify.initialization', listen);
  server = await startAll();
  unsubscribe('fastify.initialization', listen);
  document = await documentOf(server);
});
afterAll(cleanUp);

it('is OpenAPI 3.1', async () => {
  expect(document.openapi).toBe('3.1.0');
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
});

/** What answers errors only, that it is not supported or is not there. */
const HIDDEN = [
  'GET /health/{path}',
  ...['GET /v1/data', 'POST /v1/data', 'POST /v0/data'],
  ...[
    'PUT /v1/data',
    'PATCH /v1/data',
    'PUT /v1/data/{path}',
    'PATCH /v1/data/{path}',
    'DELETE /v1/data/{path}',
  ],
  ...['PUT /v1/policies/{path}', 'DELETE /v1/policies/{path}'],
  ...['/v1/query', '/v1/compile', '/v1/compile/{path}', '/v1/config', '/v1/status'].flatMap((path) =>
    ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'].map(
      (method) => `${method} ${path}`,
    ),
  ),
];

it('has every route of both ports and no other, but for what is not supported', async () => {
  const operations = operationsOf(document);
  const of = (port: boolean) =>
    operations.filter(({ onOpaPort }) => onOpaPort === port).map(({ method, path }) => `${method} ${path}`);
  const [opa, main, ...more] = registered;
  expect(more).toEqual([]);
  // OpenAPI 3.1 has no place for this method.
  const routes = (port = new Set<string>()) =>
    [...port].filter((route) => !route.startsWith('QUERY ')).sort();
  expect(of(false).sort()).toEqual(routes(main));
  expect([...of(true), ...HIDDEN].sort()).toEqual(routes(opa));
  const headers = { authorization: `Bearer ${KEY}` };
  for (const route of HIDDEN) {
    const [method, path = ''] = route.split(' ');
    const answer = await call(server.opaUrl ?? '', path.replace('{path}', 'x'), { method, headers });
    expect([route, answer.status >= 400]).toEqual([route, true]);
  }
});

it('says of each what it is, and that all but health and what is signed need the key', () => {
  for (const { name, operation } of operationsOf(document)) {
    expect([name, operation.summary, operation.tags]).toEqual([
      name,
      expect.stringMatching(/^\S.*[^.]$/),
      [expect.stringMatching(/^(AuthZEN|Permit|OPA|Proxies|Sources|Health|Meta)$/)],
    ]);
  }
  const open = operationsOf(document).filter(({ operation }) => operation.security?.length === 0);
  expect(open.map(({ name }) => name).sort()).toEqual([
    'GET /health',
    'GET /healthcheck',
    'GET /healthy',
    'GET /ready',
    'GET opa:/health',
    'POST /policy-updater/webhook',
  ]);
  expect(document.security).toEqual([{ bearer: [] }, { header: [] }]);
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'header']);
});

it('says where each port is', async () => {
  const { port } = new URL(server.opaUrl ?? '');
  const opa = {
    url: `http://{host}:${port}`,
    description: 'The OPA port',
    variables: { host: { default: 'localhost' } },
  };
  const main = { url: '/', description: 'The main port' };
  expect(document.servers).toEqual([main]);
  expect(document.paths['/v1/policies']?.servers).toEqual([opa]);
  expect(document.paths['/health']?.servers).toEqual([main, opa]);

  const own = await startServer({ publicUrl: 'https://pdp.example.com/base' });
  const alone = (await call(own.url, '/openapi.json')).json as Document;
  expect(alone.servers).toEqual([{ url: 'https://pdp.example.com/base', description: 'The main port' }]);
  expect(alone.paths).toHaveProperty('/.well-known/authzen-configuration/{path}');
  expect(Object.values(alone.paths).filter(({ servers }) => servers !== undefined)).toEqual([]);
});

it('needs the key, and no revision', async () => {
  expect((await call(server.url, '/openapi.json')).status).toBe(401);
  const own = await startAll({ bundle: { 'policies.cedar': 'permit(' } });
  const answer = await call(own.url, '/openapi.json', { headers: { 'x-pdp-key': KEY } });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
});
