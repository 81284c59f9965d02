import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { PolicyDecisionPoint } from '../../../engine/contract.ts';
import { PdpUnavailableError } from '../../../engine/errors.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { createEmbeddedPdp } from '../../../lambda/embedded/index.ts';
import { fromCognito, fromJwtClaims } from '../../../lambda/middleware/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import type { Authorization } from '../../../lambda/with-authorization/index.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { bundleFile } from '../bundles.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from '../middleware/fixtures.ts';
import { freePort } from '../servers.ts';
import { signer, token } from '../tokens.ts';
import { ADAPTERS, type Answer, type Question } from './adapters.ts';
import { type Asked, albEvent, functionUrlEvent, httpApiEvent, restApiEvent } from './events.ts';

const ISSUER = 'https://id.example.com';
const key = signer('one', 'ES256');
const stranger = signer('one', 'ES256');
const claimsOf = (sub: string) => ({ iss: ISSUER, aud: 'notes', sub, exp: 4102444800 });
const bearer = (sub: string, by = key) => `Bearer ${token(by, claimsOf(sub))}`;
const verified = fromVerifiedJwt({
  type: 'User',
  issuer: ISSUER,
  audience: 'notes',
  jwks: { keys: [key.jwk] },
});

/** The adapters here take any event: what kinds an extractor may be of is for the types' test. */
const byClaims = fromJwtClaims({ type: 'User' }) as Question['subject'];

interface Source {
  event: (asked: Asked) => unknown;
  subject: Question['subject'];
  /** What verified: API Gateway, or nobody yet. */
  as: (sub: string) => Asked;
  /** Who the caller says to be, where nobody verified it. */
  forged: Asked;
}

const SOURCES: Record<string, Source> = {
  'an HTTP API': {
    event: httpApiEvent,
    subject: byClaims,
    as: (sub) => ({ claims: { sub } }),
    forged: { authorization: bearer('alice', stranger) },
  },
  'a REST API': {
    event: restApiEvent,
    subject: fromCognito({ type: 'User' }) as Question['subject'],
    as: (sub) => ({ claims: { sub } }),
    forged: { authorization: bearer('alice', stranger) },
  },
  'a function URL': {
    event: functionUrlEvent,
    subject: verified,
    as: (sub) => ({ authorization: bearer(sub) }),
    forged: { authorization: bearer('alice', stranger), claims: { sub: 'alice' } },
  },
  'a load balancer': {
    event: albEvent,
    subject: verified,
    as: (sub) => ({ authorization: bearer(sub) }),
    forged: { authorization: bearer('alice', stranger) },
  },
};

const note = (id: string | undefined) => ({ type: 'Note', id: id ?? '' });

const PROBLEMS: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
};

/** A refusal is the same of every adapter. */
function expectProblem({ statusCode, headers, body }: Answer, status: number): void {
  expect({ statusCode, problem: JSON.parse(body) }).toEqual({
    statusCode: status,
    problem: { type: 'about:blank', title: PROBLEMS[status], status },
  });
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  expect(sent).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  expect(sent['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
}

describe.each(Object.keys(ADAPTERS))('%s', (name) => {
  const adapter = ADAPTERS[name];

  async function ask(event: unknown, question: Question) {
    const handled: (Authorization | undefined)[] = [];
    const handler = adapter?.({ logger: false, ...question }, (authorization) => handled.push(authorization));
    const answer = await handler?.(event, lambdaContext());
    if (answer === undefined) throw new Error('no answer');
    return { answer, handled };
  }

  describe.each(Object.entries(SOURCES))('behind %s', (_source, { event, subject, as, forged }) => {
    const placements: Record<string, PolicyDecisionPoint> = {};

    beforeAll(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'pdp-adapters-'));
      const { url } = await startServer({
        bundle: {
          'policies.cedar':
            '@id("one") permit(principal == User::"alice", action == Action::"view", resource);',
        },
      });
      const client = createPdpClient({ url, timeoutMs: 10_000, attemptTimeoutMs: 5_000 });
      placements.embedded = createEmbeddedPdp({ bundle: await bundleFile(directory, 'alice') });
      placements.remote = client;
      return async () => {
        client.close();
        await rm(directory, { recursive: true });
      };
    });

    const questionFor = (placement: string): Question => ({
      subject,
      resource: note,
      pdp: placements[placement] as PolicyDecisionPoint,
      timeoutMs: 10_000,
    });

    test.each(['embedded', 'remote'])('a permit runs the handler (%s)', async (placement) => {
      const { answer, handled } = await ask(event({ ...as('alice'), note: 'a/b c' }), questionFor(placement));
      expect(answer).toMatchObject({ statusCode: 200, body: expect.stringContaining('handled') });
      expect(handled).toMatchObject([
        {
          subject: { type: 'User', id: 'alice' },
          action: { name: 'view' },
          resource: { type: 'Note', id: 'a/b c' },
          decision: { decision: true, context: { policies: ['one'] } },
        },
      ]);
    });

    test.each(['embedded', 'remote'])('a deny is 403 (%s)', async (placement) => {
      const { answer, handled } = await ask(event(as('bob')), questionFor(placement));
      expectProblem(answer, 403);
      expect(handled).toEqual([]);
    });

    test.each([
      ['nobody', {}],
      ['a token of somebody else', forged],
    ])('%s is 401, and the PDP is not asked', async (_case, asked) => {
      const pdp = permitting();
      const { answer, handled } = await ask(event(asked), { subject, resource: note, pdp });
      expectProblem(answer, 401);
      expect([handled, pdp.asked]).toEqual([[], []]);
    });

    test('a PDP that is away is 503', async () => {
      const pdp = createPdpClient({ url: `http://127.0.0.1:${await freePort()}` });
      const { answer, handled } = await ask(event(as('alice')), {
        subject,
        resource: note,
        pdp,
        timeoutMs: 10_000,
      });
      pdp.close();
      expectProblem(answer, 503);
      expect(handled).toEqual([]);
    });

    test.each<[string, Partial<Question>]>([
      ['has no id', { resource: () => note(undefined) }],
      [
        'cannot be told',
        {
          resource: () => {
            throw new Error('secret of the note');
          },
        },
      ],
    ])('a resource that %s is 503', async (_case, own) => {
      const pdp = permitting();
      const { answer, handled } = await ask(event(as('alice')), { subject, resource: note, pdp, ...own });
      expectProblem(answer, 503);
      expect([handled, pdp.asked]).toEqual([[], []]);
    });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['never answers', () => NEVER],
    ['fails', () => Promise.reject(new PdpUnavailableError('connect ECONNREFUSED 10.0.0.7'))],
    ['gives no decision', async () => undefined],
    ['says something like true', async () => ({ decision: 'true' })],
  ])('a PDP that %s lets nobody in', async (_case, answers) => {
    const pdp = pdpThat(answers);
    const question = { subject: byClaims, resource: note, pdp, timeoutMs: 50 };
    const { answer, handled } = await ask(httpApiEvent({ claims: { sub: 'alice' } }), question);
    expect([403, 503]).toContain(answer.statusCode);
    expectProblem(answer, answer.statusCode);
    expect(handled).toEqual([]);
  });

  test('why there was no answer is logged, and not told', async () => {
    const logger = vi.fn();
    const pdp = pdpThat(() => Promise.reject(new PdpUnavailableError('connect ECONNREFUSED 10.0.0.7')));
    const question = { subject: byClaims, resource: note, pdp, logger };
    const { answer } = await ask(httpApiEvent({ claims: { sub: 'alice' } }), question);
    expectProblem(answer, 503);
    expect(logger).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        name: 'ServiceUnavailableError',
        cause: expect.objectContaining({ message: 'connect ECONNREFUSED 10.0.0.7' }),
      }),
    );
  });
});
