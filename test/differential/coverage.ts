/** Which operators, functions and ways to fail the cases went through, and how those cases ended. */
import type { PolicyJson, PolicySetJson } from '../../engine/cedar-json.ts';
import { BINARY, FUNCTIONS, OTHER, UNARY } from './operators.ts';
import type { Answer } from './oracle.ts';

/** Of the cases with an operator in a policy: how many there were, their decisions, and where that policy erred. */
export interface Count {
  cases: number;
  allow: number;
  deny: number;
  error: number;
}

export interface Coverage {
  operators: Record<string, Count>;
  /** Evaluation errors of the official package, by kind. */
  errors: Record<string, number>;
}

export function noCoverage(): Coverage {
  return { operators: {}, errors: {} };
}

const ROLES = ['principal', 'action', 'resource'] as const;
const SCOPES = [
  ...ROLES.flatMap((role) => [`scope ${role} ==`, `scope ${role} in`]),
  'scope action in []',
  ...(['principal', 'resource'] as const).flatMap((role) => [
    `scope ${role} is`,
    `scope ${role} is in`,
    `slot ${role} ==`,
    `slot ${role} in`,
    `slot ${role} is in`,
  ]),
];
const LITERALS = ['boolean', 'long', 'string', 'set', 'record', '__entity', '__extn'].map(
  (of) => `literal ${of}`,
);

/** All there is to cover. */
export const OPERATORS: readonly string[] = [
  ...BINARY,
  ...UNARY,
  ...OTHER.filter((operator) => operator !== 'Value'),
  'has path',
  'is in',
  ...LITERALS,
  ...Object.keys(FUNCTIONS),
  ...SCOPES,
  'unless',
  'permit',
  'forbid',
];

/** Every kind of evaluation error, as the official package words it. */
export const ERRORS: Readonly<Record<string, RegExp>> = {
  'type error: bool': /^type error: expected bool,/,
  'type error: long': /^type error: expected long,/,
  'type error: string': /^type error: expected string,/,
  'type error: set': /^type error: expected set,/,
  'type error: entity': /^type error: expected \(entity/,
  'type error: decimal': /^type error: expected decimal,/,
  'type error: ipaddr': /^type error: expected ipaddr,/,
  'type error: datetime': /^type error: expected datetime,/,
  'type error: duration': /^type error: expected duration,/,
  'type error: record or entity': /^type error: expected one of \[record, \(entity/,
  'type error: set or entity': /^type error: expected one of \[set, \(entity/,
  'type error: ordered': /^type error: expected one of \[long, datetime, duration\]/,
  'no such entity': /^entity `.*` does not exist/s,
  'no such attribute of an entity': /^`.*` does not have the attribute/s,
  'no such attribute of a record': /^record does not have the attribute/,
  'no such tag': /does not have the tag/,
  'overflow of +': /overflow while attempting to add/,
  'overflow of -': /overflow while attempting to subtract/,
  'overflow of *': /overflow while attempting to multiply/,
  'overflow of neg': /overflow while attempting to negate/,
  'wrong number of arguments': /^wrong number of arguments/,
  'decimal: form': /not a well-formed decimal value/,
  'decimal: digits': /too many digits after the decimal/,
  'decimal: overflow': /overflow when converting to decimal/,
  'ip: address': /invalid IP address|IPv4 embedded in IPv6|error parsing IP address/,
  'ip: prefix': /error parsing prefix/,
  'datetime: date': /invalid date/,
  'datetime: time': /invalid hour/,
  'datetime: zone': /invalid millisecond|invalid offset/,
  'duration: form': /invalid duration pattern/,
  'duration: overflow': /Duration overflows/,
  'offset: overflow': /overflows when adding an offset/,
  'durationSince: overflow': /overflows when computing the duration between/,
  'toDate: overflow': /overflows when computing the date/,
};

/** Adds a case to the coverage. */
export function record(coverage: Coverage, policies: PolicySetJson, answer: Answer): void {
  const erring = new Set(answer.errors.map(({ policyId }) => policyId));
  for (const [id, operators] of operatorsOf(policies)) {
    for (const operator of operators) {
      coverage.operators[operator] ??= { cases: 0, allow: 0, deny: 0, error: 0 };
      const count = coverage.operators[operator];
      count.cases += 1;
      count[answer.decision] += 1;
      if (erring.has(id)) count.error += 1;
    }
  }
  for (const { message } of answer.errors) {
    const kind = Object.keys(ERRORS).find((name) => ERRORS[name]?.test(message)) ?? message;
    coverage.errors[kind] = (coverage.errors[kind] ?? 0) + 1;
  }
}

export function merge(into: Coverage, from: Coverage): void {
  for (const [operator, { cases, allow, deny, error }] of Object.entries(from.operators)) {
    into.operators[operator] ??= { cases: 0, allow: 0, deny: 0, error: 0 };
    const count = into.operators[operator];
    count.cases += cases;
    count.allow += allow;
    count.deny += deny;
    count.error += error;
  }
  for (const [kind, count] of Object.entries(from.errors))
    into.errors[kind] = (into.errors[kind] ?? 0) + count;
}

function operatorsOf({
  staticPolicies,
  templates,
  templateLinks,
}: PolicySetJson): [id: string, Set<string>][] {
  const linked = templateLinks.map(({ templateId, newId }) => [newId, templates[templateId]] as const);
  return [...Object.entries(staticPolicies), ...linked].map(([id, policy]) => {
    const found = new Set<string>();
    if (policy !== undefined) collectPolicy(policy, found);
    return [id, found];
  });
}

function collectPolicy(policy: PolicyJson, found: Set<string>): void {
  found.add(policy.effect);
  for (const role of ROLES) {
    const scope = policy[role];
    if (scope.op === 'All') continue;
    const inner = scope.op === 'is' && typeof scope.in === 'object' ? scope.in : undefined;
    const slotted = 'slot' in (inner ?? scope);
    const form = scope.entities === undefined ? scope.op : 'in []';
    found.add(`${slotted ? 'slot' : 'scope'} ${role} ${inner === undefined ? form : 'is in'}`);
  }
  for (const { kind, body } of policy.conditions) {
    if (kind === 'unless') found.add('unless');
    collectExpression(body, found);
  }
}

function collectExpression(node: unknown, found: Set<string>): void {
  for (const [operator, operand] of Object.entries(node as Record<string, unknown>)) {
    if (operator === 'Value') {
      found.add(`literal ${kindOf(operand)}`);
      continue;
    }
    found.add(operator);
    const inner = operand as { attr?: unknown; in?: unknown };
    if (operator === 'has' && Array.isArray(inner.attr)) found.add('has path');
    if (operator === 'is' && inner.in !== undefined) found.add('is in');
    for (const expression of childrenOf(operator, operand)) collectExpression(expression, found);
  }
}

/** The expressions right below an operator. */
export function childrenOf(operator: string, operand: unknown): unknown[] {
  if (operator === 'Value' || operator === 'Var') return [];
  if (Array.isArray(operand)) return operand;
  const members = Object.entries(operand as Record<string, unknown>);
  if (operator === 'Record') return members.map(([, expression]) => expression);
  return members
    .filter(([name]) => ['left', 'right', 'arg', 'if', 'then', 'else', 'in'].includes(name))
    .map(([, expression]) => expression);
}

function kindOf(value: unknown): string {
  if (typeof value === 'bigint') return 'long';
  if (Array.isArray(value)) return 'set';
  if (typeof value !== 'object' || value === null) return typeof value;
  const [name = ''] = Object.keys(value);
  return name === '__entity' || name === '__extn' ? name : 'record';
}
