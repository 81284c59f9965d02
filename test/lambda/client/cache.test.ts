import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessRequest, Decision, JsonObject } from '../../../engine/contract.ts';
import type { DecisionCacheOptions, PdpClientEvent } from '../../../lambda/client/index.ts';
import { canonical, serialize } from '../../../lambda/client/wire.ts';
import { answer } from '../servers.ts';
import { clientOf, tasks } from './tasks.ts';

function request(id: string, context: JsonObject = {}): AccessRequest {
  return {
    subject: { type: 'User', id: 'bob', properties: { level: 3, teams: ['a', 'b'] } },
    action: { name: 'view' },
    resource: { type: 'Note', id },
    context,
  };
}

/** A client with a cache, and a server that says how often it was asked and in which revision it decides. */
async function caching(options: DecisionCacheOptions = {}) {
  const world = { revision: 'r1', permit: true, ms: 1_000_000_000, asked: [] as string[] };
  const decide = ({ resource }: AccessRequest): Decision => {
    world.asked.push(resource.id);
    if (resource.id === 'invalid')
      return { decision: false, context: { error: { status: 400, message: 'no' } } };
    return { decision: world.permit, context: { revision: world.revision } };
  };
  const { port, ips } = await tasks([
    (response, body) => {
      const asked = JSON.parse(body);
      answer(
        response,
        200,
        asked.evaluations ? { evaluations: asked.evaluations.map(decide) } : decide(asked),
      );
    },
  ]);
  const events: PdpClientEvent[] = [];
  const pdp = clientOf(
    port,
    { lookup: async () => ips, cache: options, onEvent: (event) => events.push(event) },
    { now: () => world.ms },
  );
  return { pdp, world, events };
}

describe('a cache of decisions', () => {
  test.each([true, false])('keeps a decision of %s, for a request that means the same', async (permit) => {
    const { pdp, world, events } = await caching();
    world.permit = permit;
    const first = await pdp.evaluate(request('a', { ip: '::1', at: 7 }));
    const { resource, context, subject, action } = request('a', { at: 7, ip: '::1' });
    expect(await pdp.evaluate({ context, resource, action, subject } as AccessRequest)).toEqual(first);
    expect(first).toEqual({ decision: permit, context: { revision: 'r1' } });
    expect(world.asked).toEqual(['a']);
    expect(events.map(({ type }) => type)).toEqual(['cache-miss', 'attempt', 'cache-hit']);
  });

  test.each<[string, AccessRequest]>([
    ['subject', { ...request('a'), subject: { type: 'User', id: 'eve' } }],
    ['attribute', { ...request('a'), subject: { type: 'User', id: 'bob', properties: { level: 4 } } }],
    ['action', { ...request('a'), action: { name: 'edit' } }],
    ['resource type', { ...request('a'), resource: { type: 'Page', id: 'a' } }],
    ['context', request('a', { ip: '::1' })],
  ])('asks for another %s', async (_name, other) => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    await pdp.evaluate(other);
    expect(world.asked).toEqual(['a', 'a']);
  });

  test.each([
    [4_999, 1],
    [5_000, 2],
    [-5_000, 2],
  ])('after %i ms has asked %i times', async (passed, times) => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    world.ms += passed;
    await pdp.evaluate(request('a'));
    expect(world.asked).toHaveLength(times);
  });

  test('is not kept young by being used', async () => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    world.ms += 3_000;
    await pdp.evaluate(request('a'));
    world.ms += 3_000;
    await pdp.evaluate(request('a'));
    expect(world.asked).toHaveLength(2);
  });

  test('forgets all of a revision when an answer tells of another', async () => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    Object.assign(world, { revision: 'r2', permit: false });
    await pdp.evaluate(request('b'));
    expect(await pdp.evaluate(request('a'))).toEqual({ decision: false, context: { revision: 'r2' } });
  });

  test('has no more entries than it may, and the last used stay', async () => {
    const { pdp, world } = await caching({ maxEntries: 2 });
    for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await pdp.evaluate(request(id));
    expect(world.asked).toEqual(['a', 'b', 'c', 'b']);
  });

  test('does not keep a request that is very long, nor an answer that is an error', async () => {
    const { pdp, world } = await caching();
    const long = request('a', { text: 'x'.repeat(8_192) });
    await pdp.evaluate(long);
    await pdp.evaluate(long);
    await pdp.evaluateAll([request('invalid')]);
    await pdp.evaluateAll([request('invalid')]);
    expect(world.asked).toEqual(['a', 'a', 'invalid', 'invalid']);
  });

  test('gives each caller a decision of its own', async () => {
    const { pdp } = await caching();
    const first = await pdp.evaluate(request('a'));
    const second = await pdp.evaluate(request('a'));
    second.decision = false;
    if (second.context !== undefined) second.context.revision = 'changed';
    expect(await pdp.evaluate(request('a'))).toEqual(first);
  });

  test('serves the beginning of a batch that it knows, and keeps the rest', async () => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    const permit = { decision: true, context: { revision: 'r1' } };
    const batch = ['a', 'b', 'c'].map((id) => request(id));
    expect(await pdp.evaluateAll(batch)).toEqual([permit, permit, permit]);
    expect(world.asked).toEqual(['a', 'b', 'c']);
    expect(await pdp.evaluateAll(batch)).toEqual([permit, permit, permit]);
    expect(world.asked).toEqual(['a', 'b', 'c']);
  });

  test('ends a batch where the decision that it knows does', async () => {
    const { pdp, world } = await caching();
    await pdp.evaluate(request('a'));
    const decisions = await pdp.evaluateAll([request('a'), request('b')], {
      semantic: 'permit_on_first_permit',
    });
    expect(decisions).toEqual([{ decision: true, context: { revision: 'r1' } }]);
    expect(world.asked).toEqual(['a']);
  });

  test('is off by default', async () => {
    let asked = 0;
    const { port, ips } = await tasks([
      (response) => {
        asked += 1;
        answer(response, 200, { decision: true });
      },
    ]);
    const pdp = clientOf(port, { lookup: async () => ips });
    await pdp.evaluate(request('a'));
    await pdp.evaluate(request('a'));
    expect(asked).toBe(2);
  });
});

describe('the key of a request', () => {
  const json = fc.dictionary(
    fc.constantFrom('a', 'b', '__proto__', '1', '10', 'toString'),
    fc.jsonValue({ maxDepth: 2 }),
  ) as fc.Arbitrary<JsonObject>;

  /** The same, with the keys of each object in reverse. */
  function reversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, part]) => [key, reversed(part)] as const);
    return Object.fromEntries(entries.reverse());
  }

  test('is the same whatever the order of keys, and tells what is sent', () => {
    fc.assert(
      fc.property(json, (context) => {
        const key = canonical(request('a', context));
        expect(canonical(request('a', reversed(context) as JsonObject))).toBe(key);
        expect(JSON.parse(key)).toEqual(JSON.parse(serialize(request('a', context))));
      }),
    );
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['integers beyond 2^53', { n: 9007199254740993n }, { n: 9007199254740992n }],
    ['a number and its text', { n: 1 }, { n: '1' }],
    ['a list and an object', { n: ['a'] }, { n: { 0: 'a' } }],
    ['lists in another order', { n: ['a', 'b'] }, { n: ['b', 'a'] }],
    ['a key that is nested and one that is not', { a: { b: 1 } }, { 'a.b': 1 }],
  ])('differs for %s', (_name, one, other) => {
    expect(canonical(request('a', one))).not.toBe(canonical(request('a', other)));
  });

  test('has an integer beyond 2^53 as it is, and so has what is sent', () => {
    expect(canonical(request('a', { n: 9007199254740993n }))).toContain('{"n":9007199254740993}');
    expect(serialize(request('a', { n: 9007199254740993n }))).toContain('{"n":9007199254740993}');
  });
});
