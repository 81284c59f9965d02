import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { whenDone } from '../support/bundles.ts';
import { ask, call, EVALUATION, exchange } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';

/**
 * Evaluations are answered without going through routes where nothing about them is unusual. With a query, which
 * nobody looks at, one goes through the routes: both must be the same for whoever asks.
 */
const ROUTED = `${EVALUATION}?routed`;

const VALID = JSON.stringify(ask('alice', 'read', 'record-1'));
const KEY = 'sesame';

interface Sent {
  method?: string;
  version?: string;
  headers?: Record<string, string | undefined>;
  body?: string | Buffer;
}

/** One request as bytes; a header that is undefined is not sent. */
function bytesOf(path: string, { method = 'POST', version = '1.1', headers, body = VALID }: Sent): Buffer {
  const all = {
    Host: 'pdp',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}\r\n`,
  );
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1'),
    Buffer.from(body),
  ]);
}

/** What comes back for requests on one connection, which one more request ends where they do not. */
async function answersTo(url: string, path: string, requests: Sent[]): Promise<string> {
  const bytes = requests.map((sent) => bytesOf(path, sent));
  const { version, headers } = requests.at(-1) ?? {};
  const ends = version === '1.0' || headers?.Connection?.startsWith('close');
  if (!ends) bytes.push(bytesOf('/healthy', { method: 'GET', headers: { Connection: 'close' }, body: '' }));
  return (await exchange(url, Buffer.concat(bytes))).replace(/^Date: .*$/gm, 'Date: -');
}

function nested(levels: number): string {
  return `${'{"subject":'.repeat(levels)}1${'}'.repeat(levels)}`;
}

const ORDINARY: [string, ...Sent[]][] = [
  ['a permit', {}],
  ['a denial', { body: JSON.stringify(ask('bob', 'write', 'record-1')) }],
  [
    'a type that the schema does not have',
    { body: JSON.stringify({ ...ask('a', 'read', 'b'), subject: { type: 'x', id: 'y' } }) },
  ],
  ['an id beyond ASCII', { body: JSON.stringify(ask('álice 🎈', 'read', 'record-1')) }],
  ['an id for the request', { headers: { 'X-Request-ID': 'r-1' } }],
  ['an id for the request, beyond ASCII', { headers: { 'X-Request-ID': 'r\u00e9' } }],
  ['an empty id for the request', { headers: { 'X-Request-ID': '' } }],
  ['a control character in the id for the request', { headers: { 'X-Request-ID': 'r\u007f' } }],
  ['two ids for the request', { headers: { 'X-Request-ID': 'r-1', 'x-request-id': 'r-2' } }],
  ['a charset', { headers: { 'Content-Type': 'application/json; charset=utf-8' } }],
  ['a content type in capitals', { headers: { 'Content-Type': 'Application/JSON' } }],
  ['a content type in spaces', { headers: { 'Content-Type': '  application/json \t' } }],
  ['another content type', { headers: { 'Content-Type': 'text/plain' } }],
  ['no content type', { headers: { 'Content-Type': undefined } }],
  ['an empty content type', { headers: { 'Content-Type': '' } }],
  ['two content types', { headers: { 'content-type': 'text/plain' } }],
  ['no body', { body: '' }],
  ['no body and no content type', { body: '', headers: { 'Content-Type': undefined } }],
  [
    'a body of unknown length',
    {
      headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      body: `${VALID.length.toString(16)}\r\n${VALID}\r\n0\r\n\r\n`,
    },
  ],
  ['both a length and chunks', { headers: { 'Transfer-Encoding': 'chunked' }, body: '0\r\n\r\n' }],
  ['two lengths', { headers: { 'content-length': '1' } }],
  ['a length that is no number', { headers: { 'Content-Length': '0x10' } }],
  ['a body in many pieces', { body: VALID + ' '.repeat(290_000) }],
  ['a body at the limit', { body: VALID + ' '.repeat(300_000 - VALID.length) }],
  ['a body beyond the limit', { body: VALID + ' '.repeat(300_001 - VALID.length) }],
  ['a body of spaces', { body: '   ' }],
  ['a body that is not JSON', { body: '{' }],
  ['a body that is not JSON, with an id', { body: '{', headers: { 'X-Request-ID': 'r-1' } }],
  ['a body that is not UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }],
  ['a byte order mark', { body: `\ufeff${VALID}` }],
  ['null', { body: 'null' }],
  ['an array', { body: '[]' }],
  ['an empty object', { body: '{}' }],
  ['an empty object, with an id', { body: '{}', headers: { 'X-Request-ID': 'r-1' } }],
  ['64 levels', { body: nested(64) }],
  ['65 levels', { body: nested(65) }],
  ['brackets in a string', { body: JSON.stringify(ask('{'.repeat(100), 'read', 'record-1')) }],
  ['a prototype', { body: `{"__proto__":${VALID}}` }],
  [
    'a value that Cedar cannot hold',
    { body: JSON.stringify({ ...ask('a', 'read', 'b'), context: { time: 1.5 } }) },
  ],
  ['HTTP/1.0', { version: '1.0' }],
  ['HTTP/1.0, kept alive', { version: '1.0', headers: { Connection: 'keep-alive' } }, {}],
  ['a connection to close', { headers: { Connection: 'close' } }],
  ['a connection to keep', { headers: { Connection: 'Keep-Alive' } }],
  ['a wish to go on', { headers: { Expect: '100-continue' } }],
  ['another wish', { headers: { Expect: 'the unexpected' } }],
  ['an upgrade', { headers: { Connection: 'close, Upgrade', Upgrade: 'h2c' } }],
  ['a version', { headers: { 'Accept-Version': '2.x' } }],
  ['no host', { headers: { Host: undefined } }],
  ['long headers', { headers: { 'X-Filler': 'x'.repeat(20_000) } }],
  [
    'three at once',
    { headers: { 'X-Request-ID': '1' } },
    { headers: { 'X-Request-ID': '2' } },
    { headers: { 'X-Request-ID': '3' } },
  ],
  ['one that is not JSON between two', {}, { body: '}' }, {}],
  ['one that is not a request between two', {}, { body: '{}' }, {}],
  [
    'routed and direct ones by turns',
    { headers: { 'X-Request-ID': '1' } },
    { headers: { 'X-Request-ID': '2', 'Content-Type': 'application/json;a=b' } },
    { headers: { 'X-Request-ID': '3' } },
  ],
  [
    'a hundred at once',
    ...Array.from({ length: 100 }, (_, index) => ({ headers: { 'X-Request-ID': `${index}` } })),
  ],
];

/** What a server has counted and logged, but for times and the ids that it gave. */
async function effectsOf({ url, records }: TestServer): Promise<object> {
  const { text } = await call(url, '/metrics', { headers: { authorization: `Bearer ${KEY}` } });
  return {
    counted: text.split('\n').filter((line) => /^pdp_(?:decisions|http_requests)_total/.test(line)),
    logged: records
      .filter(({ msg }) => msg === 'decision')
      .map(({ time, micros, requestId, ...rest }) => rest),
  };
}

interface Kind {
  options: Parameters<typeof startServer>[0];
  draining?: boolean;
  rows: [string, ...Sent[]][];
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

const KINDS: Record<string, Kind> = {
  'an ordinary server': { options: { limits: { bodyBytes: 300_000 } }, rows: ORDINARY },
  'a server with a key': {
    options: { apiKey: KEY },
    rows: [
      ['no key', {}],
      ['no key, with an id', { headers: { 'X-Request-ID': 'r-1' } }],
      ['the key', { headers: bearer(KEY) }],
      ['another key', { headers: bearer('simsim') }],
      ['another scheme', { headers: { Authorization: `Basic ${KEY}` } }],
      ['the key in its own header', { headers: { 'X-PDP-Key': KEY, ...bearer('simsim') } }],
      ['another key in its own header', { headers: { 'X-PDP-Key': 'simsim', ...bearer(KEY) } }],
      ['the key, then none', { headers: bearer(KEY) }, {}],
    ],
  },
  'a server that is draining': {
    options: {},
    draining: true,
    rows: [
      ['a permit', {}],
      ['a body that is not JSON', { body: '{' }],
      ['two at once', {}, {}],
    ],
  },
  'a server that serves as many as it may': {
    options: { limits: { concurrency: 0 } },
    rows: [['a permit', {}]],
  },
  'a server without a revision': {
    options: { bundle: { 'policies.cedar': 'permit(oops);' }, reloadMs: 0 },
    rows: [
      ['a permit', {}],
      ['an empty object', { body: '{}' }],
      ['a body that is not JSON', { body: '{' }],
      ['no body', { body: '', headers: { 'Content-Type': undefined } }],
    ],
  },
};

test.each(Object.entries(KINDS))(
  '%s answers, counts and logs both ways alike',
  async (_name, { options, draining = false, rows }) => {
    const [direct, routed] = await Promise.all([startServer(options), startServer(options)]);
    if (draining) for (const server of [direct, routed]) void server.close(3_600_000);
    for (const [name, ...requests] of rows) {
      const [one, other] = await Promise.all([
        answersTo(direct.url, EVALUATION, requests),
        answersTo(routed.url, ROUTED, requests),
      ]);
      expect(one, name).toMatch(/^HTTP\/1\.1 /);
      expect(one, name).toBe(other);
    }
    expect(await effectsOf(direct)).toEqual(await effectsOf(routed));
  },
);

test.each([EVALUATION, ROUTED])(
  'a caller that goes away midway is not answered or counted: %s',
  async (path) => {
    const server = await startServer();
    const { hostname, port } = new URL(server.url);
    const inFlight = async () =>
      /^pdp_http_requests_in_flight (\d+)$/m.exec((await call(server.url, '/metrics')).text)?.[1];
    const socket = connect(Number(port), hostname);
    whenDone(async () => void socket.destroy());
    socket.write(bytesOf(path, {}).subarray(0, -1));
    // The one that asks is one of them.
    await expect.poll(inFlight).toBe('2');
    socket.destroy();
    await expect.poll(inFlight).toBe('1');
    expect(JSON.stringify(await effectsOf(server))).not.toContain(EVALUATION);
  },
);
