import { describe, expect, test } from 'vitest';
import { fromPath } from '../../../lambda/middleware/index.ts';
import { lambdaContext, pdpThat, permitting } from '../middleware/fixtures.ts';
import { ADAPTERS, type Question } from './adapters.ts';
import { httpApiEvent } from './events.ts';

const DENY = { decision: false, context: { advice: ['mfa'] } };

describe.each(Object.entries(ADAPTERS))('%s', (_name, adapter) => {
  async function ask(question: Partial<Question>) {
    const handler = adapter(
      {
        subject: () => ({ type: 'User', id: 'alice' }),
        resource: (note) => ({ type: 'Note', id: note ?? '' }),
        pdp: pdpThat(async () => DENY),
        logger: false,
        ...question,
      },
      () => expect.fail('the handler ran'),
    );
    return handler(httpApiEvent({}), lambdaContext());
  }

  test('answers as the application shapes it', async () => {
    const onDeny: Question['onDeny'] = async ({ statusCode, advice, problem }) => ({
      statusCode: 404,
      headers: { 'x-was': String(statusCode), 'x-type': problem.headers['Content-Type'] ?? '' },
      body: advice.join(),
    });
    const answer = await ask({ onDeny });
    expect([answer.statusCode, answer.body]).toEqual([404, 'mfa']);
    expect(answer.headers).toMatchObject({ 'x-was': '403', 'x-type': 'application/problem+json' });
  });

  test('answers with problem details when shaping fails or has nothing to say', async () => {
    expect((await ask({ onDeny: () => undefined })).statusCode).toBe(403);
  });

  test('says which field a request is missing', async () => {
    const missing = fromPath('folder', { type: 'Folder' });
    const answer = await ask({ resource: () => missing({ requestContext: {} }), pdp: permitting() });
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ detail: 'path parameter folder is missing, or no name' });
  });
});

describe.each(Object.entries(ADAPTERS).filter(([name]) => name !== 'withAuthorization'))(
  '%s as a router',
  (_name, adapter) => {
    test.each([
      ['a Response', () => new Response('gone', { status: 410 }), 410, 'gone'],
      ['a body alone', () => ({ body: { hint: 'mfa' } }), 403, '{"hint":"mfa"}'],
    ])('takes %s', async (_given, onDeny, status, body) => {
      const handler = adapter(
        {
          subject: () => ({ type: 'User', id: 'alice' }),
          resource: () => ({ type: 'Note', id: 'roadmap' }),
          pdp: pdpThat(async () => DENY),
          onDeny,
        },
        () => expect.fail('the handler ran'),
      );
      const answer = await handler(httpApiEvent({}), lambdaContext());
      expect([answer.statusCode, answer.body]).toEqual([status, body]);
    });
  },
);
