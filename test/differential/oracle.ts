/** The official package, asked about a world. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Entity, Request, World } from './world.ts';

export interface Answer {
  decision: 'allow' | 'deny';
  reasons: string[];
  errors: { policyId: string; message: string }[];
}

/** `rejected`: the official package refuses the input as a whole, with this message. */
export type OracleAnswer = Answer | { rejected: string };

/** A number of JSON text, digit by digit. The package reads its arguments as JSON text, so it gets them exactly. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** The same, in which every BigInt is written out in JSON as the whole number that it is. */
export function exact(node: unknown): unknown {
  if (typeof node === 'bigint') return rawJSON(String(node));
  if (Array.isArray(node)) return node.map(exact);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, exact(value)]));
}

const same = (a: Entity, b: Entity) => a.uid.type === b.uid.type && a.uid.id === b.uid.id;

/** What a request sees: the entities it brings, and the stored ones it does not replace. */
export function visible(stored: Entity[], { entities = [] }: Request): Entity[] {
  return [...stored.filter((one) => !entities.some((other) => same(one, other))), ...entities];
}

export type Schema = Parameters<typeof cedar.isAuthorized>[0]['schema'];

let sets = 0;

/** Reads a policy set once for several requests. */
export function oracle(policies: World['policies']): (stored: Entity[], request: Request) => OracleAnswer {
  // A name is used again and again: the package never lets go of one.
  sets = (sets + 1) % 16;
  const preparsedPolicySetId = `set${sets}`;
  const parsed = cedar.preparsePolicySet(preparsedPolicySetId, exact(policies) as cedar.PolicySet);
  if (parsed.type === 'failure') {
    const rejected = messages(parsed.errors);
    return () => ({ rejected });
  }
  return (stored, request) => {
    const { principal, action, resource, context } = request;
    const answer = cedar.statefulIsAuthorized({
      principal,
      action,
      resource,
      context: exact(context) as cedar.Context,
      preparsedPolicySetId,
      entities: exact(visible(stored, request)) as cedar.Entities,
    });
    if (answer.type === 'failure') return { rejected: messages(answer.errors) };
    const { decision, diagnostics } = answer.response;
    return {
      decision,
      reasons: diagnostics.reason,
      errors: diagnostics.errors.map(({ policyId, error }) => ({ policyId, message: error.message })),
    };
  };
}

export function messages(errors: { message: string }[]): string {
  return errors.map(({ message }) => message).join('; ');
}

/** A policy or template as Cedar text, or undefined where the package cannot write it. */
export function textOf(policy: unknown, kind: 'policy' | 'template'): string | undefined {
  const json = exact(policy) as cedar.PolicyJson;
  const answer = kind === 'policy' ? cedar.policyToText(json) : cedar.templateToText(json);
  return answer.type === 'success' ? answer.text : undefined;
}
