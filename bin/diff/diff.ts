import { type DecisionTest, type Files, parseDecisionTests } from '../../compiler/index.ts';
import { type Bundle, InvalidBundleError, type Problem } from '../../engine/index.ts';
import { areNone, type Changes } from './canonical.ts';
import { diffEntities, diffSchemas, diffUrlRules, type UrlRuleChanges } from './data.ts';
import { type DecisionChanges, diffDecisions } from './decisions.ts';
import { diffPolicies, type PolicyChange } from './policies.ts';

/** A good bundle, and its sources. */
export interface Side {
  bundle: Bundle;
  files: Files;
}

/** All that two bundles differ in. */
export interface BundleDiff {
  isDifferent: boolean;
  policies: PolicyChange[];
  schema: Changes;
  entities: Changes;
  urlRules: UrlRuleChanges;
  decisions: DecisionChanges;
}

/**
 * Compares what two bundles say, and what they decide.
 *
 * @throws InvalidBundleError when decision tests cannot be read
 */
export function diffBundles(before: Side, after: Side): BundleDiff {
  const policies = diffPolicies(linked(before), linked(after));
  const schema = diffSchemas(before.bundle.schema, after.bundle.schema);
  const entities = diffEntities(before.bundle.entities, after.bundle.entities);
  const urlRules = diffUrlRules(before.bundle.urlRules, after.bundle.urlRules);
  const decisions = diffDecisions(
    { bundle: before.bundle, tests: testsOf(before.files) },
    { bundle: after.bundle, tests: testsOf(after.files) },
  );
  const isDifferent =
    policies.length > 0 ||
    !areNone(schema) ||
    !areNone(entities) ||
    urlRules.added.length + urlRules.removed.length > 0 ||
    urlRules.isReordered ||
    decisions.changes.length > 0;
  return { isDifferent, policies, schema, entities, urlRules, decisions };
}

function linked({ bundle, files }: Side) {
  return { files, links: bundle.policies.templateLinks };
}

function testsOf(files: Files): DecisionTest[] {
  const problems: Problem[] = [];
  const tests = parseDecisionTests(files, problems);
  if (problems.length > 0) throw new InvalidBundleError(problems);
  return tests;
}
