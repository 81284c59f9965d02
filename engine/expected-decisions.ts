import { parseBuilt } from './built-files.ts';
import type { AccessRequest } from './contract.ts';
import { stringifyJson } from './lossless-json.ts';

/** A decision that a bundle must give. */
export interface ExpectedDecision {
  name: string;
  request: AccessRequest;
  decision: boolean;
  /** The determining policies, all of them, in any order. */
  policies?: string[];
}

/** What a deployed PDP is held to: its revision, and the decisions that this revision gives. */
export interface ExpectedDecisions {
  revision: string;
  tests: ExpectedDecision[];
}

/** What came out: a request that cannot be evaluated says why. */
export interface ActualDecision {
  decision: boolean;
  policies: string[];
  error?: string | undefined;
}

/** Whether a decision is the one that is expected, for the reasons that are expected. */
export function meets(expected: ExpectedDecision, { decision, policies, error }: ActualDecision): boolean {
  if (error !== undefined || decision !== expected.decision) return false;
  return expected.policies === undefined || samePolicies(expected.policies, policies);
}

/** In any order. */
export function samePolicies(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

/** The JSON text, with exact integers. */
export function writeExpectedDecisions(expected: ExpectedDecisions): string {
  return stringifyJson(expected);
}

/** @throws InvalidBundleError when the text is damaged */
export function readExpectedDecisions(file: string, text: string): ExpectedDecisions {
  return parseBuilt(file, text);
}
