/** Nodes of Cedar's JSON expression format. */
import type { EntityUid, Expr } from '../../engine/cedar-json.ts';
import type { Value } from './values.ts';

export const value = (it: Value): Expr => ({ Value: it });
export const variable = (name: 'principal' | 'action' | 'resource' | 'context'): Expr => ({ Var: name });
export const entity = ({ type, id }: EntityUid): Expr => value({ __entity: { type, id } });
export const unary = (operator: string, arg: Expr): Expr => ({ [operator]: { arg } });
export const binary = (operator: string, left: Expr, right: Expr): Expr => ({ [operator]: { left, right } });
export const call = (fn: string, ...args: Expr[]): Expr => ({ [fn]: args });
export const attribute = (left: Expr, attr: string): Expr => ({ '.': { left, attr } });
export const has = (left: Expr, attr: string | string[]): Expr => ({ has: { left, attr } });
export const choose = (test: Expr, then: Expr, otherwise: Expr): Expr => ({
  'if-then-else': { if: test, then, else: otherwise },
});

export type Pattern = ('Wildcard' | { Literal: string })[];
export const like = (left: Expr, pattern: Pattern): Expr => ({ like: { left, pattern } });
export const is = (left: Expr, type: string, inside?: Expr): Expr => ({
  is: { left, entity_type: type, ...(inside === undefined ? {} : { in: inside }) },
});

/** Operators whose node is `{ left, right }`. */
export const BINARY = [
  '==',
  '!=',
  'in',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  '+',
  '-',
  '*',
  'contains',
  'containsAll',
  'containsAny',
  'getTag',
  'hasTag',
] as const;

/** Operators whose node is `{ arg }`. */
export const UNARY = ['!', 'neg', 'isEmpty'] as const;

/** Operators with nodes of their own. */
export const OTHER = ['Value', 'Var', '.', 'has', 'like', 'is', 'if-then-else', 'Set', 'Record'] as const;

/** Extension functions and methods, with the number of their arguments. */
export const FUNCTIONS: Readonly<Record<string, number>> = {
  decimal: 1,
  ip: 1,
  datetime: 1,
  duration: 1,
  lessThan: 2,
  lessThanOrEqual: 2,
  greaterThan: 2,
  greaterThanOrEqual: 2,
  isIpv4: 1,
  isIpv6: 1,
  isLoopback: 1,
  isMulticast: 1,
  isInRange: 2,
  offset: 2,
  durationSince: 2,
  toDate: 1,
  toTime: 1,
  toMilliseconds: 1,
  toSeconds: 1,
  toMinutes: 1,
  toHours: 1,
  toDays: 1,
};
