/** A difference, put so that it can be read and run again. */
import { exact, type OracleAnswer, textOf } from './oracle.ts';
import type { World } from './world.ts';

export interface Difference {
  what: string;
  request: number;
  official: OracleAnswer;
  ours: OracleAnswer;
}

const json = (value: unknown) => JSON.stringify(exact(value));

export function report(
  { policies, entities, requests, entitiesAs, policiesAs }: World,
  difference: Difference,
): string {
  const { what, request, official, ours } = difference;
  const texts = [
    ...Object.entries(policies.staticPolicies).map(([id, policy]) => ['policy', id, policy] as const),
    ...Object.entries(policies.templates).map(([id, policy]) => ['template', id, policy] as const),
  ].map(
    ([kind, id, policy]) =>
      `  ${JSON.stringify(id)}: ${textOf(policy, kind) ?? json(policy)}\n    ${json(policy.conditions)}`,
  );
  return [
    `the answers differ in: ${what}`,
    `policies (given as ${policiesAs}):`,
    ...texts,
    ...policies.templateLinks.map((link) => `  link ${json(link)}`),
    `entities (given as ${entitiesAs}):`,
    ...entities.map((entity) => `  ${json(entity)}`),
    `request: ${json(requests[request])}`,
    `official: ${json(official)}`,
    `engine:   ${json(ours)}`,
  ].join('\n');
}
