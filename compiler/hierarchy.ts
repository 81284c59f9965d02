import { formatUid, uidKey } from '../engine/entity-uid.ts';
import type { EntityUid, Problem } from '../engine/index.ts';
import type { Schema } from '../engine/schema.ts';
import type { SourceEntity } from './entities.ts';

/** Longest chain of parents. The official evaluator dies on chains of some thousands. */
export const MAX_ANCESTRY = 256;

/** Reports parents that are not stored, of a wrong type, in a circle, or too many above one another. */
export function checkHierarchy(
  entities: Map<string, SourceEntity>,
  schema: Schema | undefined,
  problems: Problem[],
): void {
  for (const source of entities.values()) {
    for (const [index, parent] of source.entity.parents.entries()) {
      const message = parentProblem(source.entity.uid, parent, entities, schema);
      if (message !== undefined)
        problems.push(source.file.problem([source.index, 'parents', index], message));
    }
  }
  checkDepth(entities, problems);
}

function parentProblem(
  uid: EntityUid,
  parent: EntityUid,
  entities: Map<string, SourceEntity>,
  schema: Schema | undefined,
): string | undefined {
  const allowed = schema?.entityTypes.get(uid.type)?.memberOf;
  if (allowed !== undefined && !allowed.has(parent.type)) {
    return `a ${uid.type} cannot be in a ${parent.type}: the schema does not say so`;
  }
  const enumerated = schema?.entityTypes.get(parent.type)?.ids?.has(parent.id) ?? false;
  if (!enumerated && !entities.has(uidKey(parent)))
    return `the parent ${formatUid(parent)} is not among the entities`;
  return undefined;
}

/** Depth-first with a stack of its own: data may be deeper than the call stack. */
function checkDepth(entities: Map<string, SourceEntity>, problems: Problem[]): void {
  const height = new Map<string, number>();
  const open = new Set<string>();
  for (const start of entities.keys()) {
    const stack = [start];
    for (let key = stack.at(-1); key !== undefined; key = stack.at(-1)) {
      const source = entities.get(key);
      if (source === undefined || height.has(key)) {
        stack.pop();
        continue;
      }
      const parents = source.entity.parents.map(uidKey).filter((parent) => entities.has(parent));
      if (open.has(key)) {
        stack.pop();
        open.delete(key);
        const above = 1 + Math.max(-1, ...parents.map((parent) => height.get(parent) ?? -1));
        height.set(key, above);
        if (above === MAX_ANCESTRY + 1)
          problems.push(problemAt(source, `has more than ${MAX_ANCESTRY} levels above it`));
        continue;
      }
      open.add(key);
      for (const parent of parents) {
        if (open.has(parent))
          problems.push(problemAt(source, `is its own ancestor, by its parent ${nameOf(entities, parent)}`));
        else stack.push(parent);
      }
    }
  }
}

function problemAt(source: SourceEntity, message: string): Problem {
  return source.file.problem([source.index, 'parents'], `${formatUid(source.entity.uid)} ${message}`);
}

function nameOf(entities: Map<string, SourceEntity>, key: string): string {
  const found = entities.get(key);
  return found === undefined ? key : formatUid(found.entity.uid);
}
