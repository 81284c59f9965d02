/** Policy sets in Cedar's JSON format: static policies, templates and links. */
import fc from 'fast-check';
import type { EntityUid, Expr, PolicyJson, PolicySetJson, TemplateLink } from '../../engine/cedar-json.ts';
import { condition } from './expressions.ts';
import { entityUid, objectOf } from './values.ts';
import { ACTIONS, ENTITIES, ENTITY_TYPES } from './vocabulary.ts';

type Scope = Record<string, unknown>;
type Slot = '?principal' | '?resource';

const among = fc.constantFrom;
const plain = ({ type, id }: EntityUid): EntityUid => ({ type, id });

const named = fc
  .tuple(entityUid, fc.integer({ min: 0, max: 9 }))
  .map(([uid, pick]) => ({ entity: pick === 0 ? { __entity: plain(uid) } : plain(uid) }));

function scopeWith(target: fc.Arbitrary<Scope>, all: number): fc.Arbitrary<Scope> {
  const type = among(...ENTITY_TYPES);
  return fc.oneof(
    ...(all > 0 ? [{ weight: all, arbitrary: among<Scope>({ op: 'All' }) }] : []),
    { weight: 1, arbitrary: target.map((it) => ({ op: '==', ...it })) },
    { weight: 2, arbitrary: target.map((it) => ({ op: 'in', ...it })) },
    ...(all > 0 ? [{ weight: 2, arbitrary: type.map((entity_type) => ({ op: 'is', entity_type })) }] : []),
    {
      weight: 1,
      arbitrary: fc.tuple(type, target).map(([entity_type, it]) => ({ op: 'is', entity_type, in: it })),
    },
  );
}

const scope = scopeWith(named, 24);
const slotted = (slot: Slot) => scopeWith(among<Scope>({ slot }), 0);

const action = among(...ACTIONS).map(plain);
const actionScope: fc.Arbitrary<Scope> = fc.oneof(
  { weight: 16, arbitrary: among<Scope>({ op: 'All' }) },
  { weight: 2, arbitrary: action.map((entity) => ({ op: '==', entity })) },
  { weight: 2, arbitrary: action.map((entity) => ({ op: 'in', entity })) },
  {
    weight: 2,
    arbitrary: fc.array(action, { maxLength: 3 }).map((entities) => ({ op: 'in', entities })),
  },
);

const conditions = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 3, arbitrary: among('when' as const) },
      { weight: 1, arbitrary: among('unless' as const) },
    ),
    body: condition,
  }),
  { maxLength: 2, size: 'max' },
);

const annotations = fc.option(among({ id: 'note' }, { note: '', constructor: 'x' }, { id: '"😀"' }), {
  freq: 10,
  nil: undefined,
});

function policyOf(principal: fc.Arbitrary<Scope>, resource: fc.Arbitrary<Scope>): fc.Arbitrary<PolicyJson> {
  return fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: among('permit' as const) },
        { weight: 1, arbitrary: among('forbid' as const) },
      ),
      principal,
      actionScope,
      resource,
      conditions,
      annotations,
    )
    .map(([effect, principal, action, resource, conditions, annotations]) => ({
      effect,
      principal,
      action,
      resource,
      conditions: conditions as { kind: 'when' | 'unless'; body: Expr }[],
      ...(annotations === undefined ? {} : { annotations }),
    }));
}

const policy = policyOf(scope, scope);

interface LinkedTemplate {
  template: PolicyJson;
  links: Record<string, EntityUid>[];
}

function linked(template: fc.Arbitrary<PolicyJson>, ...slots: Slot[]): fc.Arbitrary<LinkedTemplate> {
  const values = fc
    .tuple(...slots.map(() => among(...ENTITIES)))
    .map((uids) => Object.fromEntries(slots.map((slot, index) => [slot, plain(uids[index] as EntityUid)])));
  return fc.record({ template, links: fc.array(values, { maxLength: 3, size: 'max' }) });
}

const template: fc.Arbitrary<LinkedTemplate> = fc.oneof(
  linked(policyOf(slotted('?principal'), scope), '?principal'),
  linked(policyOf(scope, slotted('?resource')), '?resource'),
  linked(policyOf(slotted('?principal'), slotted('?resource')), '?principal', '?resource'),
);

/** Names of policies, taken in turn; some trip up objects of JavaScript. */
const NAMES = [
  'policy0',
  'policy10',
  'policy2',
  '__proto__',
  'constructor',
  '1',
  'a policy "quoted"',
  '😀',
  'toString',
];

/** Policy sets of a few policies, so that each one's outcome shows in the answer. */
export const policySet: fc.Arbitrary<PolicySetJson> = fc
  .tuple(
    fc.array(policy, { minLength: 1, maxLength: 5, size: 'max' }),
    fc.oneof(
      { weight: 4, arbitrary: among<LinkedTemplate[]>([]) },
      fc.array(template, { maxLength: 2, size: 'max' }),
    ),
  )
  .map(([policies, templates]) => {
    const templateLinks: TemplateLink[] = templates.flatMap(({ links }, index) =>
      links.map((values, link) => ({
        templateId: `template${index}`,
        newId: link === 0 && index === 0 ? 'hasOwnProperty' : `link${index}-${link}`,
        values,
      })),
    );
    return {
      staticPolicies: objectOf(policies.map((it, index) => [NAMES[index] ?? `more${index}`, it])),
      templates: objectOf(templates.map(({ template }, index) => [`template${index}`, template])),
      templateLinks,
    };
  });
