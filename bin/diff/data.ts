import type { Bundle, EntityJson, SchemaJson, UrlRule } from '../../engine/index.ts';
import { type Changes, canonical, canonicalSets, changesOf } from './canonical.ts';

/** What schemas declare differently: `entity App::User`, `action App::read`, `type App::Address`. */
export function diffSchemas(before: SchemaJson | undefined, after: SchemaJson | undefined): Changes {
  return changesOf(declarationsOf(before), declarationsOf(after));
}

function declarationsOf(schema: SchemaJson = {}): Map<string, string> {
  const declarations = new Map<string, string>();
  for (const [namespace, { entityTypes, actions, commonTypes = {} }] of Object.entries(schema)) {
    const add = (kind: string, all: object) => {
      for (const [name, declared] of Object.entries(all)) {
        declarations.set(
          `${kind} ${namespace === '' ? '' : `${namespace}::`}${name}`,
          canonicalSets(declared),
        );
      }
    };
    add('entity', entityTypes);
    add('action', actions);
    add('type', commonTypes);
  }
  return declarations;
}

/** What entities differ, by uid as Cedar writes it. */
export function diffEntities(before: EntityJson[], after: EntityJson[]): Changes {
  return changesOf(byUid(before), byUid(after));
}

function byUid(entities: EntityJson[]): Map<string, string> {
  return new Map(
    entities.map(({ uid: { type, id }, ...rest }) => [`${type}::${JSON.stringify(id)}`, canonicalSets(rest)]),
  );
}

export interface UrlRuleChanges {
  added: string[];
  removed: string[];
  /** The same rules, tried in another order. */
  isReordered: boolean;
}

/** What URL rules differ in. A rule has no name: a changed one is another. */
export function diffUrlRules(
  before: Bundle['urlRules'] = [],
  after: Bundle['urlRules'] = [],
): UrlRuleChanges {
  const [old, now] = [before.map(keyOf), after.map(keyOf)];
  const added = after.filter((_, index) => !old.includes(now[index] ?? '')).map(describe);
  const removed = before.filter((_, index) => !now.includes(old[index] ?? '')).map(describe);
  const isSame = old.length === now.length && old.every((key, index) => key === now[index]);
  return { added, removed, isReordered: !isSame && added.length === 0 && removed.length === 0 };
}

function keyOf(rule: UrlRule): string {
  return canonical(rule);
}

function describe({ methods, host = '', path, action, resource: { type, id } }: UrlRule): string {
  const where = 'template' in path ? path.template : path.regex;
  return `${methods.join(',')} ${host}${where} -> ${action} ${type}${id === undefined ? '' : `::${JSON.stringify(id)}`}`;
}
