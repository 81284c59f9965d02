import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Gauge } from 'prom-client';
import { expect, test } from 'vitest';
import { bearerAuthentication } from '../../../pdp-container/http/authentication.ts';
import { directly } from '../../../pdp-container/http/direct.ts';
import { errorBody } from '../../../pdp-container/http/errors.ts';
import { InFlight } from '../../../pdp-container/http/in-flight.ts';
import { createNodeServer } from '../../../pdp-container/http/node-server.ts';
import { Metrics } from '../../../pdp-container/metrics.ts';
import { DEFAULT_LIMITS } from '../../../pdp-container/options.ts';
import { whenDone } from '../support/bundles.ts';
import { type Call, call } from '../support/client.ts';

/** Which requests are answered without going through routes; that both answer alike is `direct.test.ts`'s. */

const ASK = '/ask';
const AUTHORIZED = { authorization: 'Bearer key' };
const LIMITS = { ...DEFAULT_LIMITS, bodyBytes: 100 };

async function listening(state: { draining: boolean; places: number }): Promise<string> {
  const health = {
    draining: state.draining,
    broken: false,
    startedAt: new Date(),
    sources: [],
    confirmedAt: undefined,
    keepProblem: undefined,
    active: {} as never,
  };
  const parts = {
    authenticate: bearerAuthentication('key'),
    health,
    inFlight: new InFlight(state.places, new Gauge({ name: 'g', help: 'g', registers: [] })),
    limits: LIMITS,
    metrics: new Metrics(),
    tellError: () => ({ status: 500, message: 'not expected' }),
    errorBody,
  };
  const server = createNodeServer(
    { limits: LIMITS, credentials: undefined },
    directly({ [ASK]: () => 'direct' }, (_request, response) => response.end('routed'), parts),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  whenDone(async () => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ORDINARY = { draining: false, places: 1 };

test.each<[string, 'direct' | 'routed', Call & { path?: string; state?: typeof ORDINARY }]>([
  ['an ordinary one', 'direct', {}],
  ['with an id', 'direct', { headers: { ...AUTHORIZED, 'x-request-id': 'r-1' } }],
  ['as large as may be', 'direct', { body: `"${'x'.repeat(98)}"` }],
  ['with an id that must be written apart', 'routed', { headers: { ...AUTHORIZED, 'x-request-id': 'é' } }],
  ['too large', 'routed', { body: `"${'x'.repeat(99)}"` }],
  ['empty', 'routed', { body: '' }],
  ['of unknown length', 'routed', { headers: { ...AUTHORIZED, 'transfer-encoding': 'chunked' } }],
  [
    'of a charset',
    'routed',
    { headers: { ...AUTHORIZED, 'content-type': 'application/json;charset=utf-8' } },
  ],
  ['without the key', 'routed', { headers: {} }],
  ['by another method', 'routed', { method: 'PUT' }],
  ['to another path', 'routed', { path: '/other' }],
  ['with a query', 'routed', { path: `${ASK}?a=b` }],
  ['while the server drains', 'routed', { state: { draining: true, places: 1 } }],
  ['beyond the places there are', 'routed', { state: { draining: false, places: 0 } }],
])('%s: %s', async (_name, way, { path = ASK, state = ORDINARY, ...asked }) => {
  const url = await listening(state);
  const { text } = await call(url, path, { method: 'POST', body: '{}', headers: AUTHORIZED, ...asked });
  expect(text).toBe(way);
});
