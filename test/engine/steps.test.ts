import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineOf } from '../../engine/cedar/engine.ts';
import {
  type CedarEngine,
  ConfigurationError,
  createPdp,
  type EntityData,
  type EntityJson,
  type LocalPdp,
  type Pause,
  preparePdp,
} from '../../engine/index.ts';
import { Schema } from '../../engine/schema.ts';
import { atOnce, withPauses } from '../../engine/steps.ts';
import { bundleOf } from '../bundles.ts';
import { ask, entitiesFor, plain } from '../differential/subject.ts';
import { type World, world } from '../differential/world.ts';

const SEED = Number(process.env.PDP_DIFFERENTIAL_SEED ?? 20_261_126);

/** Pauses where it is told to, by turns. */
function pausing(pattern: readonly boolean[]): { pause: Pause; pauses: () => number } {
  let [asked, pauses] = [0, 0];
  const pause = () => {
    asked += 1;
    if (pattern[asked % pattern.length] !== true) return undefined;
    pauses += 1;
    return Promise.resolve();
  };
  return { pause, pauses: () => pauses };
}

type Made = CedarEngine | { rejected: string };

function partsOf({ policies, entities, entitiesAs }: World) {
  return {
    policies: plain(policies) as World['policies'],
    entities: entitiesFor(entities, entitiesAs),
    schema: undefined,
  };
}

function madeAtOnce(one: World): Made {
  try {
    return atOnce(engineOf(partsOf(one)));
  } catch (error) {
    return { rejected: String(error) };
  }
}

function madeInSteps(one: World, pause: Pause): Promise<Made> {
  return withPauses(engineOf(partsOf(one)), pause).catch((error) => ({ rejected: String(error) }));
}

/** All that an engine stores, and all that it answers. */
function seenOf(made: Made, { requests }: World): unknown {
  if ('rejected' in made) return made;
  const { entities, size } = made;
  const stored = entities
    .types()
    .map((type) =>
      entities
        .ids(type)
        .map((id) => [type, id, entities.attributes({ type, id }), [...entities.parents({ type, id })]]),
    );
  return { size, stored, answers: requests.map((request) => ask(made, request)) };
}

/** A world that has an entity twice, and otherwise. */
function contradicting(one: World): World {
  const twice = one.entities
    .slice(0, 1)
    .map(({ uid }) => ({ uid, attrs: { other: 'than before' }, parents: [] }));
  return { ...one, entities: [...one.entities, ...twice] };
}

describe('what is made in steps', () => {
  it('is what is made at once, wherever it pauses, refusals included', { timeout: 120_000 }, async () => {
    let [made, refused, pauses] = [0, 0, 0];
    const patterns = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
    const worlds = fc.oneof(
      { weight: 4, arbitrary: world },
      { weight: 1, arbitrary: world.map(contradicting) },
    );
    const property = fc.asyncProperty(worlds, patterns, async (one, pattern) => {
      const pausingThere = pausing(pattern);
      const inSteps = await madeInSteps(one, pausingThere.pause);
      const whole = madeAtOnce(one);
      expect(seenOf(inSteps, one)).toEqual(seenOf(whole, one));
      if ('rejected' in whole) refused += 1;
      else made += 1;
      pauses += pausingThere.pauses();
    });
    await fc.assert(property, { seed: SEED, numRuns: 300 });
    expect(made).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(20);
    expect(pauses).toBeGreaterThan(1_000);
  });
});

const SOURCES = {
  'p.cedar':
    'permit(principal in Group::"g0", action == Action::"read", resource);' +
    '@id("t") permit(principal == ?principal, action, resource == ?resource);',
  's.cedarschema':
    'entity Group; entity User in [Group] { n: Long }; entity Doc;' +
    'action read, write appliesTo { principal: User, resource: Doc };',
  'links.json': JSON.stringify([
    {
      templateId: 't',
      newId: 'link',
      values: { '?principal': { type: 'User', id: 'u1' }, '?resource': { type: 'Doc', id: 'd' } },
    },
  ]),
  'entities.json': JSON.stringify([
    { uid: { type: 'Group', id: 'g0' }, attrs: {}, parents: [] },
    { uid: { type: 'Group', id: 'g1' }, attrs: {}, parents: [] },
    { uid: { type: 'Doc', id: 'd' }, attrs: {}, parents: [] },
    ...Array.from({ length: 40 }, (_, n) => ({
      uid: { type: 'User', id: `u${n}` },
      attrs: { n },
      parents: [{ type: 'Group', id: `g${n % 2}` }],
    })),
  ]),
};

const decided = (pdp: LocalPdp) =>
  ['u0', 'u1', 'u38', 'u39', 'nobody'].map((id) =>
    ['read', 'write'].map((name) =>
      pdp.decide({ subject: { type: 'User', id }, action: { name }, resource: { type: 'Doc', id: 'd' } }),
    ),
  );

describe('a PDP that is prepared', () => {
  it('decides, searches and lists as one made at once', async () => {
    const bundle = await bundleOf(SOURCES);
    const whole = createPdp(bundle);
    const prepared = await preparePdp(bundle, { pause: pausing([true]).pause });
    expect(decided(prepared)).toEqual(decided(whole));
    expect(decided(prepared)[0]?.[0]?.decision).toBe(true);
    expect(prepared.policies).toEqual(whole.policies);
    expect(prepared.entities.ids('User')).toEqual(whole.entities.ids('User'));
    expect(prepared.resourceTypes('User')).toEqual(whole.resourceTypes('User'));
    const search = {
      subject: { type: 'User' },
      action: { name: 'read' },
      resource: { type: 'Doc', id: 'd' },
    };
    expect(await prepared.searchSubjects(search)).toEqual(await whole.searchSubjects(search));
  });

  it('is there for nobody before it is whole, and leaves the one before it as it was', async () => {
    const before = createPdp(await bundleOf({ 'p.cedar': 'forbid(principal, action, resource);' }));
    const answersBefore = decided(before);
    let pdp: LocalPdp | undefined;
    const seen: unknown[] = [];
    const preparing = preparePdp(await bundleOf(SOURCES), {
      pause: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(pdp);
        expect(decided(before)).toEqual(answersBefore);
      },
    }).then((made) => {
      pdp = made;
    });
    await preparing;
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.every((one) => one === undefined)).toBe(true);
    expect(pdp?.entities.ids('User')).toHaveLength(40);
  });

  it('is given up, wherever that is, when the pause throws or rejects', async () => {
    const bundle = await bundleOf(SOURCES);
    let steps = 0;
    await preparePdp(bundle, {
      pause: () => {
        steps += 1;
        return undefined;
      },
    });
    expect(steps).toBeGreaterThan(5);
    for (let last = 1; last <= steps; last += 1) {
      for (const stop of [() => Promise.reject(new Error('stop')), throwing]) {
        let asked = 0;
        const prepared = preparePdp(bundle, {
          pause: () => {
            asked += 1;
            return asked === last ? stop() : undefined;
          },
        });
        await expect(prepared).rejects.toThrow('stop');
        expect(asked).toBe(last);
      }
    }
  });

  it('goes on with its entities a few at a time, and with its policies one at a time', async () => {
    const entities: EntityJson[] = Array.from({ length: 80 }, (_, n) => ({
      uid: { type: 'User', id: `${n}` },
      attrs: {},
      parents: [],
    }));
    const stepsOf = (parts: { entities?: EntityData; policies?: string[] }) => {
      const steps = engineOf({
        policies: {
          staticPolicies: Object.fromEntries(
            (parts.policies ?? []).map((id) => [
              id,
              {
                effect: 'permit',
                principal: { op: 'All' },
                action: { op: 'All' },
                resource: { op: 'All' },
                conditions: [],
              },
            ]),
          ),
        },
        entities: parts.entities ?? [],
        schema: undefined,
      });
      let count = 0;
      while (!steps.next().done) count += 1;
      return count;
    };
    expect(stepsOf({})).toBe(0);
    expect(stepsOf({ entities })).toBe(10);
    expect(stepsOf({ policies: ['a', 'b', 'c'] })).toBe(3);
  });

  it('refuses what one made at once refuses', async () => {
    const bundle = await bundleOf(SOURCES);
    const circle: EntityJson[] = [
      { uid: { type: 'Group', id: 'a' }, attrs: {}, parents: [{ type: 'Group', id: 'b' }] },
      { uid: { type: 'Group', id: 'b' }, attrs: {}, parents: [{ type: 'Group', id: 'a' }] },
    ];
    const message = 'entities: Group::"b" is its own ancestor';
    expect(() => createPdp({ ...bundle, entities: circle })).toThrow(message);
    const { pause } = pausing([true]);
    await expect(preparePdp({ ...bundle, entities: circle }, { pause })).rejects.toThrow(message);

    const { staticPolicies } = bundle.policies;
    const [id = ''] = Object.keys(staticPolicies);
    const wrong = {
      ...bundle.policies,
      staticPolicies: { [id]: { ...staticPolicies[id], effect: 'maybe' } },
    };
    const refused = preparePdp({ ...bundle, policies: wrong as never }, { pause });
    await expect(refused).rejects.toThrow(ConfigurationError);
    await expect(refused).rejects.toThrow(`policy ${id}: the effect must be permit or forbid`);
  });
});

it('a circle that a schema makes is refused as one of the data is', () => {
  const schema = new Schema({
    '': {
      entityTypes: {},
      actions: { a: { memberOf: [{ id: 'b' }] }, b: { memberOf: [{ id: 'a' }] } },
    },
  });
  expect(() => atOnce(engineOf({ policies: { staticPolicies: {} }, schema }))).toThrow('is its own ancestor');
});

function throwing(): never {
  throw new Error('stop');
}
