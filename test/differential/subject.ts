/** The compiled engine, asked about a world. */
import { type CedarEngine, createEngine, type EntityJson, type SchemaJson } from '../../engine/index.ts';
import { type Answer, exact } from './oracle.ts';
import { throughText } from './text.ts';
import type { Entity, Request, World } from './world.ts';

/** How the engine is given its whole numbers: BigInt only where a number does not hold them. */
export function plain(node: unknown): unknown {
  if (typeof node === 'bigint') return Number.isSafeInteger(Number(node)) ? Number(node) : node;
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, plain(value)]));
}

export function entitiesFor(entities: Entity[], as: 'values' | 'text'): EntityJson[] | string {
  return as === 'text' ? JSON.stringify(exact(entities)) : (plain(entities) as EntityJson[]);
}

/** The answer of an engine, or `rejected` with the message of what it threw. */
export function ask(
  engine: Pick<CedarEngine, 'isAuthorized'>,
  request: Request,
): Answer | { rejected: string } {
  const { principal, action, resource, context, entities } = request;
  try {
    const { decision, reasons, errors } = engine.isAuthorized({
      principal,
      action,
      resource,
      context: plain(context) as Record<string, unknown>,
      ...(entities === undefined ? {} : { entities: plain(entities) as EntityJson[] }),
    });
    return { decision, reasons, errors };
  } catch (error) {
    return { rejected: String(error) };
  }
}

type Given = Omit<World, 'requests' | 'policiesAs'> & Partial<Pick<World, 'policiesAs'>>;

/** An engine for a world; `rejected` when it refuses policies or entities. */
export function subject(
  { policies, entities, entitiesAs, policiesAs = 'json' }: Given,
  schema?: SchemaJson,
): CedarEngine | { rejected: string } {
  try {
    const read = policiesAs === 'text' ? throughText(policies) : undefined;
    return createEngine({
      policies: read ?? (plain(policies) as World['policies']),
      entities: entitiesFor(entities, entitiesAs),
      ...(schema === undefined ? {} : { schema }),
    });
  } catch (error) {
    return { rejected: String(error) };
  }
}
