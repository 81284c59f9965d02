import type { EntityRef } from '../../engine/index.ts';
import { UsageError } from './exit.ts';

const ENTITY = /^((?:[a-zA-Z_]\w*::)*[a-zA-Z_]\w*)::(.+)$/s;

/** Reads `User::"alice"`, or `User::alice` where the shell ate the quotes. @throws UsageError */
export function parseEntityArgument(text: string, option: string): EntityRef {
  const [, type, id] = ENTITY.exec(text) ?? [];
  if (type === undefined || id === undefined) {
    throw new UsageError(
      `${option}: "${text}" is not an entity, such as User::alice or 'App::User::"alice"'`,
    );
  }
  if (!id.startsWith('"')) return { type, id };
  try {
    const unquoted: unknown = JSON.parse(id);
    if (typeof unquoted === 'string') return { type, id: unquoted };
  } catch {
    // Told below.
  }
  throw new UsageError(`${option}: the id of ${text} is not a quoted string`);
}

/** Reads a JSON object. @throws UsageError */
export function parseJsonArgument(text: string, option: string): Record<string, never> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, never>;
  } catch {
    // Told below.
  }
  throw new UsageError(`${option}: is not a JSON object, such as '{"now":"2026-01-31T12:00:00Z"}'`);
}
