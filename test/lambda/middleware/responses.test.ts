import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import middy from '@middy/core';
import httpErrorHandler from '@middy/http-error-handler';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PdpUnavailableError } from '../../../engine/errors.ts';
import { type AuthorizeOptions, authorize } from '../../../lambda/middleware/index.ts';
import { lambdaContext, pdpThat, permitting } from './fixtures.ts';

const OPTIONS: AuthorizeOptions = {
  subject: { type: 'User', id: 'bob' },
  action: 'view',
  resource: { type: 'Note', id: 'acme/roadmap' },
  logger: false,
};

const STOPS: [number, string, Partial<AuthorizeOptions>, Record<string, string>][] = [
  [401, 'Unauthorized', { subject: () => undefined, pdp: permitting() }, { 'WWW-Authenticate': 'Bearer' }],
  [403, 'Forbidden', { pdp: pdpThat(async () => ({ decision: false })) }, {}],
  [503, 'Service Unavailable', { pdp: pdpThat(() => Promise.reject(new Error('10.0.0.7 secret'))) }, {}],
];

describe.each(STOPS)('a %i', (statusCode, title, options, headers) => {
  const stopped = () => authorize({ ...OPTIONS, ...options });
  const never = async () => expect.fail('the handler ran');
  const problem = {
    statusCode,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
    body: JSON.stringify({ type: 'about:blank', title, status: statusCode }),
  };

  test('is problem details without another error handler', async () => {
    expect(await middy().use(stopped()).handler(never)({}, lambdaContext())).toEqual(problem);
  });

  test('is problem details with http-error-handler used before', async () => {
    const handler = middy()
      .use(httpErrorHandler({ logger: false }))
      .use(stopped())
      .handler(never);
    expect(await handler({}, lambdaContext())).toEqual(problem);
  });

  test.each([true, false])(
    'is http-error-handler’s own when that comes after (respond: %s)',
    async (respond) => {
      const middleware = authorize({ ...OPTIONS, ...options, respond });
      const handler = middy()
        .use(middleware)
        .use(httpErrorHandler({ logger: false }))
        .handler(never);
      expect(await handler({}, lambdaContext())).toEqual({
        statusCode,
        headers: { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store', ...headers },
        body: title,
      });
    },
  );

  test('is an error with respond: false', async () => {
    const handler = middy()
      .use(authorize({ ...OPTIONS, ...options, respond: false }))
      .handler(never);
    await expect(handler({}, lambdaContext())).rejects.toMatchObject({ statusCode, message: title });
  });
});

test('a 503 that is responded to is told to the logger, with its cause; a 403 is not', async () => {
  const logged: Error[] = [];
  const cause = new Error('connect ECONNREFUSED');
  const logger = (error: Error) => logged.push(error);
  const with503 = authorize({ ...OPTIONS, logger, pdp: pdpThat(() => Promise.reject(cause)) });
  const with403 = authorize({ ...OPTIONS, logger, pdp: pdpThat(async () => ({ decision: false })) });
  await middy()
    .use(with503)
    .handler(async () => 'x')({}, lambdaContext());
  await middy()
    .use(with403)
    .handler(async () => 'x')({}, lambdaContext());
  expect(logged).toEqual([expect.objectContaining({ statusCode: 503, cause })]);
});

test('an error of the handler itself is left alone', async () => {
  const broken = new Error('a bug');
  const handler = middy()
    .use(authorize({ ...OPTIONS, pdp: permitting() }))
    .handler(async () => {
      throw broken;
    });
  await expect(handler({}, lambdaContext())).rejects.toBe(broken);
});

test('a PDP that never settles is answered even when nothing else keeps the process going', async () => {
  const modules = ['@middy/core', new URL('../../../lambda/middleware/index.ts', import.meta.url).href];
  const script = `
    const [{ default: middy }, { authorize }] = await Promise.all(${JSON.stringify(modules)}.map((name) => import(name)));
    const pdp = { evaluate: () => new Promise(() => {}) };
    const entity = { type: 'User', id: 'a' };
    const stop = authorize({ subject: entity, action: 'b', resource: entity, pdp, timeoutMs: 50, logger: false });
    middy().use(stop).handler(() => 'handled')({}, {}).then((response) => console.log(response.statusCode));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
  });
  expect(stdout).toBe('503\n');
});

describe('without a logger of one’s own, standard error has', () => {
  async function logged(cause: unknown) {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => written.mockRestore());
    const { logger: _none, ...options } = OPTIONS;
    const stop = authorize({ ...options, pdp: pdpThat(() => Promise.reject(cause)) });
    await middy()
      .use(stop)
      .handler(async () => 'x')({}, lambdaContext());
    return written.mock.calls;
  }

  test('one line with the causes, when the PDP could not be asked', async () => {
    const cause = new PdpUnavailableError('the key for the PDP cannot be read', {
      cause: new Error('throttled'),
    });
    expect(await logged(cause)).toEqual([
      ['ServiceUnavailableError: PdpUnavailableError: the key for the PDP cannot be read; Error: throttled'],
    ]);
  });

  test('the whole error, when it is not one of this kit', async () => {
    const cause = new TypeError('x of undefined');
    expect(await logged(cause)).toEqual([[expect.objectContaining({ statusCode: 503, cause })]]);
  });
});
