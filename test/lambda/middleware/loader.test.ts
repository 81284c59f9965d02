import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { authorize, fromLoader } from '../../../lambda/middleware/index.ts';
import { httpApiEvent } from '../events/http.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from './fixtures.ts';

interface Note {
  id: string;
  author: string;
}

/** A handler on a note that must be loaded, and how often it was. */
function onNote(load: () => Note | undefined | null | Promise<Note | undefined | null>, pdp = permitting()) {
  const counted = { loads: 0, pdp };
  const handler = middy<APIGatewayProxyEventV2>()
    .use(
      authorize({
        subject: { type: 'User', id: 'bob' },
        action: 'view',
        resource: fromLoader(
          (event: APIGatewayProxyEventV2) => {
            expect(event.pathParameters?.note).toBe('roadmap');
            counted.loads += 1;
            return load();
          },
          ({ id, author }, { version }) => ({ type: 'Note', id, properties: { author, version } }),
        ),
        pdp,
        timeoutMs: 50,
        logger: false,
      }),
    )
    .handler(async (_event, { authorization }) => {
      expectTypeOf(authorization.loaded).toEqualTypeOf<Note>();
      return { statusCode: 200, body: authorization.loaded.author };
    });
  return { counted, answer: () => handler(httpApiEvent(), lambdaContext() as never) };
}

const NOTE = { id: 'acme/roadmap', author: 'alice' };

describe('a resource that must be loaded to be judged', () => {
  test.each([
    ['at once', () => NOTE],
    ['later', async () => NOTE],
  ])('is loaded once, %s, for the question and the handler', async (_name, load) => {
    const { counted, answer } = onNote(load);
    expect(await answer()).toEqual({ statusCode: 200, body: 'alice' });
    expect(counted.loads).toBe(1);
    const properties = { author: 'alice', version: '2.0' };
    expect(counted.pdp.asked.map(({ request }) => request.resource)).toEqual([
      { type: 'Note', id: 'acme/roadmap', properties },
    ]);
  });

  test.each([
    ['is not there', () => undefined, 403],
    ['is null', async () => null, 403],
    ['cannot be loaded', () => Promise.reject(new Error('throttled')), 503],
    ['never comes', () => NEVER, 503],
    ['is said to be gone', () => Promise.reject(Object.assign(new Error(), { statusCode: 403 })), undefined],
  ])('that %s: nobody is asked', async (_name, load, statusCode) => {
    const { counted, answer } = onNote(load);
    const response = await answer().catch((error: unknown) => ({ statusCode: undefined, error }));
    expect((response as { statusCode?: number }).statusCode).toBe(statusCode);
    expect(counted.pdp.asked).toEqual([]);
  });

  test('tells nobody by its answer whether it is there', async () => {
    const denied = onNote(
      () => NOTE,
      pdpThat(async () => ({ decision: false })),
    );
    const missing = onNote(() => undefined);
    expect(await missing.answer()).toEqual(await denied.answer());
  });
});

test('an extractor of one’s own can give what it loaded', async () => {
  const handler = middy()
    .use(
      authorize({
        subject: { type: 'User', id: 'bob' },
        action: 'view',
        resource: async () => ({ resource: { type: 'Note', id: NOTE.id }, loaded: NOTE }),
        pdp: permitting(),
      }),
    )
    .handler(async (_event, { authorization }) => {
      expectTypeOf(authorization.loaded).toEqualTypeOf<Note>();
      return authorization.loaded;
    });
  expect(await handler({}, lambdaContext() as never)).toBe(NOTE);
});
