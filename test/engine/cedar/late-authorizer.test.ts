import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BuiltEntities, writeEntities } from '../../../engine/built-entities.ts';
import { BuiltPolicies, writePolicies } from '../../../engine/built-policies.ts';
import { LateAuthorizer } from '../../../engine/cedar/late-authorizer.ts';
import type { CedarRequest } from '../../../engine/evaluator.ts';
import type { EntityJson, PolicySetJson, SchemaJson } from '../../../engine/index.ts';
import { Schema } from '../../../engine/schema.ts';
import { bundleOf } from '../../bundles.ts';
import { difference } from '../../differential/compare.ts';
import { ask, plain, subject } from '../../differential/subject.ts';
import { world } from '../../differential/world.ts';

const SEED = Number(process.env.PDP_DIFFERENTIAL_SEED ?? 20_260_131);

interface Given {
  policies: PolicySetJson;
  entities: EntityJson[];
  schema?: SchemaJson;
  when?: 'now' | 'needed';
}

function late({ policies: json, entities, schema, when = 'needed' }: Given): LateAuthorizer {
  const policies = new BuiltPolicies(writePolicies('', json));
  const authorizer = new LateAuthorizer({
    policies,
    head: policies.head(),
    entities: new BuiltEntities(writeEntities(entities)),
    schema: schema === undefined ? undefined : new Schema(schema, when),
    when,
  });
  if (when === 'now') for (const _ of authorizer.readEntities());
  return authorizer;
}

async function lateOf(contents: Record<string, string>): Promise<LateAuthorizer> {
  return late(await bundleOf(contents));
}

const request = (principal: string, action: string, resource: string): CedarRequest => ({
  principal: { type: 'User', id: principal },
  action: { type: 'Action', id: action },
  resource: { type: 'Doc', id: resource },
});

const entity = (type: string, id: string, more: Partial<EntityJson> = {}): EntityJson => ({
  uid: { type, id },
  attrs: {},
  parents: [],
  ...more,
});

const reference = (type: string, id: string) => ({ __entity: { type, id } });

describe('an authorizer that reads policies and entities when it needs them', () => {
  it('decides as the engine that reads all of them, whatever it was asked before', () => {
    let compared = 0;
    const property = fc.property(world, ({ policies, entities, requests }) => {
      const engine = subject({ policies, entities, entitiesAs: 'values' });
      if ('rejected' in engine) return;
      const given = { policies: plain(policies), entities: plain(entities) } as Given;
      const [warm, whole] = [late(given), late({ ...given, when: 'now' })];
      for (const { entities: _, ...question } of requests) {
        const answer = ask(engine, question);
        for (const authorizer of [late(given), warm, whole]) {
          expect(difference(answer, ask(authorizer, question))).toBeUndefined();
          compared += 1;
        }
      }
    });
    fc.assert(property, { seed: SEED, numRuns: 400 });
    expect(compared).toBeGreaterThan(1_000);
  });

  it('knows by their names entities that are not stored', async () => {
    const policy = (condition: string) => ({
      'p.cedar': `@id("p") permit(principal, action == Action::"read", resource) when { ${condition} };`,
      'entities.json': JSON.stringify([
        entity('Doc', 'd', {
          attrs: { owners: [reference('User', 'ghost')], owner: reference('User', 'ghost') },
        }),
      ]),
    });
    for (const condition of [
      'principal == User::"ghost"',
      'principal in User::"ghost"',
      'resource.owner == principal',
      'principal in resource.owner',
      'principal in resource.owners',
      'resource.owners.contains(principal)',
    ]) {
      const authorizer = await lateOf(policy(condition));
      expect(authorizer.isAuthorized(request('ghost', 'read', 'd')).decision, condition).toBe('allow');
      expect(authorizer.isAuthorized(request('other', 'read', 'd')).decision, condition).toBe('deny');
      expect((await lateOf(policy(condition))).isAuthorized(request('other', 'read', 'd')).decision).toBe(
        'deny',
      );
    }
  });

  it('finds policies by actions, groups of them and all of them', async () => {
    const authorizer = await lateOf({
      'p.cedar': `@id("one") permit(principal, action == Action::"read", resource);
        @id("group") permit(principal, action in Action::"reading", resource);
        @id("many") permit(principal, action in [Action::"write", Action::"reading"], resource);
        @id("all") permit(principal, action, resource);
        @id("exact") permit(principal, action == Action::"reading", resource);`,
      'entities.json': JSON.stringify([
        entity('Action', 'read', { parents: [{ type: 'Action', id: 'reading' }] }),
        entity('Action', 'reading', { parents: [{ type: 'Action', id: 'any' }] }),
        entity('Action', 'any'),
      ]),
    });
    const reasons = (action: string) => authorizer.isAuthorized(request('u', action, 'd')).reasons;
    expect(reasons('read')).toEqual(['all', 'group', 'many', 'one']);
    expect(reasons('write')).toEqual(['all', 'many']);
    expect(reasons('reading')).toEqual(['all', 'exact', 'group', 'many']);
    expect(reasons('unheard-of')).toEqual(['all']);
  });

  it('has the actions and the enumerated entities of the schema', async () => {
    const authorizer = await lateOf({
      'p.cedar': `@id("p") permit(principal, action in Action::"reading", resource)
        when { principal.level in [Level::"high"] };`,
      's.cedarschema': `entity Level enum ["low", "high"]; entity User { level: Level }; entity Doc; action reading;
        action read in [reading] appliesTo { principal: User, resource: Doc };`,
      'entities.json': JSON.stringify([
        entity('User', 'u', { attrs: { level: reference('Level', 'high') } }),
      ]),
    });
    expect(authorizer.isAuthorized(request('u', 'read', 'd')).decision).toBe('allow');
    expect(authorizer.isAuthorized(request('v', 'read', 'd')).decision).toBe('deny');
  });

  it('evaluates links of templates', async () => {
    const authorizer = await lateOf({
      'p.cedar': `@id("t") permit(principal == ?principal, action == Action::"read", resource in ?resource)
        when { resource has open };`,
      'links.json': JSON.stringify([
        {
          templateId: 't',
          newId: 'linked',
          values: { '?principal': { type: 'User', id: 'u' }, '?resource': { type: 'Doc', id: 'd' } },
        },
      ]),
      'entities.json': JSON.stringify([entity('Doc', 'd', { attrs: { open: true } })]),
    });
    expect(authorizer.isAuthorized(request('u', 'read', 'd')).reasons).toEqual(['linked']);
    expect(authorizer.isAuthorized(request('v', 'read', 'd')).reasons).toEqual([]);
    expect(authorizer.isAuthorized(request('u', 'write', 'd')).reasons).toEqual([]);
  });

  it('keeps whole numbers of 64 bits exact', async () => {
    const authorizer = await lateOf({
      'p.cedar': `@id("p") permit(principal, action, resource)
        when { resource.size == 9007199254740993 && resource.size != 9007199254740992 };`,
      'entities.json': '[{"uid":{"type":"Doc","id":"d"},"attrs":{"size":9007199254740993},"parents":[]}]',
    });
    expect(authorizer.isAuthorized(request('u', 'read', 'd')).decision).toBe('allow');
  });

  it('follows long chains without a stack', async () => {
    const chain = Array.from({ length: 20_000 }, (_, n) =>
      entity('Doc', `d${n}`, { attrs: { next: reference('Doc', `d${n + 1}`) } }),
    );
    const policies = (
      await bundleOf({ 'p.cedar': 'permit(principal, action, resource) when { resource.next has next };' })
    ).policies;
    expect(late({ policies, entities: chain }).isAuthorized(request('u', 'read', 'd0')).decision).toBe(
      'allow',
    );
  });

  it('decides nothing any more once an entity was not good', async () => {
    const { policies } = await bundleOf({
      'p.cedar': 'permit(principal, action == Action::"read", resource);',
    });
    const entities = [
      entity('User', 'u'),
      entity('Doc', 'good'),
      entity('Doc', 'bad', { parents: 'none' as never }),
      entity('Doc', 'above', { parents: [{ type: 'Doc', id: 'bad' }] }),
    ];
    const unavailable = expect.objectContaining({ name: 'PdpUnavailableError' });
    const authorizer = late({ policies, entities });
    expect(authorizer.isAuthorized(request('u', 'read', 'good')).decision).toBe('allow');
    for (const id of ['above', 'bad', 'good', 'other'])
      expect(() => authorizer.isAuthorized(request('u', 'read', id))).toThrow(unavailable);
    expect(() => late({ policies, entities, when: 'now' })).toThrow(unavailable);
  });

  it('refuses a policy that it cannot evaluate: at once, or before it decides anything by it', async () => {
    const { policies } = await bundleOf({
      'p.cedar': `@id("read") permit(principal, action == Action::"read", resource);
        @id("new") forbid(principal, action == Action::"write", resource) unless { resource has x };`,
    });
    const json = JSON.stringify(policies).replace('"has"', '"hasNot"');
    const given = { policies: JSON.parse(json) as PolicySetJson, entities: [] };
    const refusal = expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringMatching(/^policy new: there is no operator or function hasNot/),
    });
    expect(() => late({ ...given, when: 'now' })).toThrow(refusal);
    const authorizer = late(given);
    expect(authorizer.isAuthorized(request('u', 'read', 'd')).decision).toBe('allow');
    for (let times = 0; times < 2; times += 1)
      expect(() => authorizer.isAuthorized(request('u', 'write', 'd'))).toThrow(refusal);
    const scope = JSON.parse(json.replace('"op":"=="', '"op":"like"')) as PolicySetJson;
    expect(() => late({ ...given, policies: scope })).toThrow(
      /the scope of an action has no operator "like"/,
    );
  });
});
