import type { EntityUid } from './cedar-json.ts';

/** Words that Cedar's grammar keeps for itself. @see https://docs.cedarpolicy.com/policies/syntax-grammar.html */
const RESERVED = 'true|false|if|then|else|in|is|like|has|__cedar';
const IDENTIFIER = `(?!(?:${RESERVED})(?:::|$))[_a-zA-Z][_a-zA-Z0-9]*`;
const ENTITY_TYPE_NAME = new RegExp(`^${IDENTIFIER}(?:::${IDENTIFIER})*$`);

/** Whether Cedar can hold this as an entity type: identifiers joined by `::`, none of them reserved. */
export function isEntityTypeName(name: string): boolean {
  return ENTITY_TYPE_NAME.test(name);
}

/** A key for maps. A type name has no NUL, so no two entities share one. */
export function uidKey(uid: EntityUid): string {
  return `${uid.type}\u0000${uid.id}`;
}

/** As Cedar writes it: `App::User::"alice"`. */
export function formatUid(uid: EntityUid): string {
  return `${uid.type}::${JSON.stringify(uid.id)}`;
}

/** The entity type of actions in a namespace. */
export function actionType(namespace: string): string {
  return namespace === '' ? 'Action' : `${namespace}::Action`;
}
