import { inspect } from 'node:util';
import middy from '@middy/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createPdpClient } from '../../../lambda/client/index.ts';
import {
  type AuthorizeOptions,
  authorize,
  fromBody,
  fromHeader,
  fromPath,
} from '../../../lambda/middleware/index.ts';
import { authorizeRecords } from '../../../lambda/records/index.ts';
import { httpApiEvent } from '../events/http.ts';
import { sqsRecord } from '../events/records.ts';
import { answer, serve } from '../servers.ts';
import { lambdaContext, NEVER, pdpThat } from './fixtures.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LXRva2Vu.c2ln';
const ATTRIBUTE = 'secret-attribute';
const POLICY = 'secret-policy';

const EVENT = {
  ...httpApiEvent({ jwt: { claims: { sub: ATTRIBUTE } } }),
  headers: { authorization: `Bearer ${TOKEN}`, 'x-tenant': ATTRIBUTE, 'X-Tenant': TOKEN },
  pathParameters: { tenant: `${ATTRIBUTE}/a`, note: ATTRIBUTE },
  body: `{"password":"${ATTRIBUTE}","token":"${TOKEN}"`,
};

const OPTIONS = {
  subject: { type: 'User', id: ATTRIBUTE, properties: { email: ATTRIBUTE } },
  action: { name: 'view', properties: { token: TOKEN } },
  resource: { type: 'Note', id: ATTRIBUTE, properties: { text: ATTRIBUTE } },
  context: { token: TOKEN },
} as const;

const REASONS = { policies: [POLICY], errors: [POLICY], advice: [POLICY], revision: POLICY };

/** A PDP over a socket, that says all that it should not. */
async function remote(status: number, body: unknown) {
  const { url } = await serve((_request, response) => answer(response, status, body));
  return createPdpClient({ url, apiKey: TOKEN });
}

const CASES: [string, (() => Promise<Partial<AuthorizeOptions>>) | Partial<AuthorizeOptions>][] = [
  ['a deny with its reasons', { pdp: pdpThat(async () => ({ decision: false, context: REASONS })) }],
  [
    'a deny of a PDP over HTTP',
    async () => ({ pdp: await remote(200, { decision: false, context: REASONS }) }),
  ],
  ['a broken answer', async () => ({ pdp: await remote(200, { decision: ATTRIBUTE, policy: POLICY }) })],
  ['a server that fails', async () => ({ pdp: await remote(500, { error: POLICY, token: TOKEN }) })],
  ['a server that refuses the key', async () => ({ pdp: await remote(401, { error: TOKEN }) })],
  ['a PDP that never answers', { pdp: pdpThat(() => NEVER), timeoutMs: 20 }],
  ['no decision', { pdp: pdpThat(async () => ({ decision: ATTRIBUTE, context: POLICY })) }],
  ['an array for a decision', { pdp: pdpThat(async () => POLICY) }],
  ['no subject', { subject: () => undefined }],
  ['a subject that is none', { subject: { type: '', id: ATTRIBUTE } }],
  ['a resource that is none', { resource: { id: ATTRIBUTE } as never }],
  ['an action that is none', { action: { properties: { token: TOKEN } } as never }],
  ['a context that is none', { context: [TOKEN] as never }],
  ['a body that is broken', { resource: fromBody('note', { type: 'Note' }) as never }],
  ['a body that is none', { resource: fromBody('note', { type: 'Note' }) as never }],
  ['a header that is there twice', { resource: fromHeader('x-tenant', { type: 'Tenant' }) as never }],
  ['a slash where none may be', { resource: fromPath('{tenant}/{note}', { type: 'Note' }) as never }],
  ['a parameter that is missing', { resource: fromPath('folder', { type: 'Folder' }) as never }],
];

function expectNothing(texts: unknown[]) {
  const said = texts.map((text) =>
    typeof text === 'string' ? text : inspect(text, { depth: 10, showHidden: true }),
  );
  for (const secret of [TOKEN, ATTRIBUTE, POLICY]) expect(said.join('\n')).not.toContain(secret);
}

describe.each(CASES)('%s', (_name, given) => {
  async function stop(more: Partial<AuthorizeOptions>) {
    const logged = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
    for (const spy of logged) spy.mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    const options = { ...OPTIONS, ...(typeof given === 'function' ? await given() : given), ...more };
    const records: unknown[] = [];
    const handler = middy()
      .use(authorize({ ...options, onDecision: (record) => records.push(record) } as AuthorizeOptions))
      .handler(async () => expect.fail('the handler ran'));
    const outcome = await handler(EVENT, lambdaContext()).catch((error: unknown) => error);
    return { outcome, told: [...records, ...logged.flatMap(({ mock }) => mock.calls.flat())] };
  }

  test('tells neither the caller nor the log a token, an attribute or a policy', async () => {
    const { outcome, told } = await stop({});
    expect((outcome as { statusCode?: number }).statusCode).toBeOneOf([400, 401, 403, 503]);
    expectNothing([outcome, ...told]);
  });

  test('has none in the error, whoever looks at it', async () => {
    const { outcome, told } = await stop({ respond: false });
    expect(outcome).toBeInstanceOf(Error);
    expectNothing([outcome, JSON.stringify(outcome), ...told]);
  });
});

test('records that are denied or handed back leave none in the log', async () => {
  const logged = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')];
  for (const spy of logged) spy.mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const records = ['denied', 'away', 'permitted'].map((user) =>
    sqsRecord(`m-${user}`, { user, note: ATTRIBUTE }),
  );
  const decisions: Record<string, unknown> = {
    'm-denied': { decision: false, context: REASONS },
    'm-away': { decision: false, context: { error: { status: 503, message: POLICY } } },
    'm-permitted': { decision: true },
  };
  const handler = middy()
    .use(
      authorizeRecords({
        ...OPTIONS,
        subject: ({ messageId }: (typeof records)[number]) => ({ ...OPTIONS.subject, id: messageId }),
        pdp: pdpThat(async ({ subject }) => decisions[subject.id]),
      }),
    )
    .handler(async () => undefined);
  expect(await handler({ Records: records }, lambdaContext() as never)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm-away' }],
  });
  const said = logged.flatMap(({ mock }) => mock.calls.flat());
  expect(said).toHaveLength(2);
  expectNothing(said);
});
