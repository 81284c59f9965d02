import middy from '@middy/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AuthorizeOptions, authorize, type Denial } from '../../../lambda/middleware/index.ts';
import { appSyncCognito, appSyncEvent } from '../events/app-sync.ts';
import { httpApiEvent } from '../events/http.ts';
import { eventBridgeEvent } from '../events/records.ts';
import { lambdaContext, pdpThat } from './fixtures.ts';

const ENTITY = { type: 'User', id: 'bob' };
const DENY = { decision: false, context: { policies: ['needs-mfa'], advice: ['mfa', 7], revision: 'r1' } };

async function stopped(options: Partial<AuthorizeOptions>, event: unknown = httpApiEvent()) {
  const handler = middy()
    .use(
      authorize({
        subject: ENTITY,
        action: 'view',
        resource: ENTITY,
        pdp: pdpThat(async () => DENY),
        logger: false,
        ...options,
      }),
    )
    .handler(async () => expect.fail('the handler ran'));
  return handler(event, lambdaContext());
}

describe('onDeny', () => {
  test('shapes the response, by what it is told', async () => {
    const denials: Denial[] = [];
    const onDeny: AuthorizeOptions['onDeny'] = async (denial, { event }) => {
      denials.push(denial);
      expect(event).toEqual(httpApiEvent());
      return { statusCode: 404, body: denial.advice.join() };
    };
    expect(await stopped({ onDeny })).toEqual({ statusCode: 404, body: 'mfa' });
    expect(denials).toEqual([
      {
        statusCode: 403,
        problem: expect.objectContaining({ statusCode: 403 }),
        advice: ['mfa'],
        decision: DENY,
      },
    ]);
  });

  test.each([
    [401, { subject: () => undefined }],
    [503, { pdp: pdpThat(() => Promise.reject(new Error('away'))) }],
  ])('is told of a %i, too, where there is no decision', async (statusCode, options) => {
    const response = await stopped({ ...options, onDeny: (denial) => ({ body: denial }) });
    expect(response).toEqual({
      body: { statusCode, problem: expect.objectContaining({ statusCode }), advice: [] },
    });
  });

  test('that has nothing to say leaves the problem details', async () => {
    expect(await stopped({ onDeny: () => undefined })).toMatchObject({ statusCode: 403 });
  });

  test('that fails leaves the problem details, and shows in the log', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => written.mockRestore());
    const failure = new TypeError('a bug');
    const onDeny = () => {
      throw failure;
    };
    expect(await stopped({ onDeny })).toMatchObject({ statusCode: 403 });
    expect(written.mock.calls).toEqual([[failure]]);
  });

  test('must be a function', () => {
    const options = { subject: ENTITY, action: 'a', resource: ENTITY, onDeny: 404 };
    expect(() => authorize(options as never)).toThrow('authorize: onDeny must be a function');
  });
});

test('a 400 says which field is missing', async () => {
  const { fromPath } = await import('../../../lambda/middleware/index.ts');
  expect(await stopped({ resource: fromPath('folder', { type: 'Folder' }) as never })).toMatchObject({
    statusCode: 400,
    body: JSON.stringify({
      type: 'about:blank',
      title: 'Bad Request',
      detail: 'path parameter folder is missing, or no name',
      status: 400,
    }),
  });
});

describe.each([
  ['AppSync', appSyncEvent(appSyncCognito('bob'))],
  ['EventBridge', eventBridgeEvent('e', {})],
  ['a batch', { Records: [] }],
  ['a batch of AppSync', [appSyncEvent(appSyncCognito('bob'))]],
])('%s takes no response', (_name, event) => {
  test('but an error', async () => {
    await expect(stopped({}, event)).rejects.toMatchObject({ name: 'ForbiddenError' });
  });

  test('which is told to the log when it is a 503, since Lambda logs no cause', async () => {
    const logger = vi.fn();
    const cause = new Error('away');
    await expect(stopped({ logger, pdp: pdpThat(() => Promise.reject(cause)) }, event)).rejects.toThrow();
    expect(logger.mock.calls).toEqual([[expect.objectContaining({ statusCode: 503, cause })]]);
  });

  test('unless it is asked for', async () => {
    expect(await stopped({ respond: true }, event)).toMatchObject({ statusCode: 403 });
  });
});
