import { BUILT, broken, parseBuilt, requireLines } from './built-files.ts';
import type { PolicyJson, PolicySetJson } from './cedar-json.ts';
import { stringifyJson } from './lossless-json.ts';
import { beforeLines, findLine, sortedLines } from './sorted-lines.ts';

/** All of the policies but the static ones, of which it has the ids. */
export interface PolicyHead extends Omit<PolicySetJson, 'staticPolicies'> {
  namespace: string;
  /** Ids of the static policies by what they ask of the action. */
  byAction: { action: PolicyJson['action']; policies: string[] }[];
}

const END = '}}';

/** Policies as a built bundle has them: JSON text in which one is found without reading the others. */
export class BuiltPolicies {
  readonly #text: string;

  /** @param text as {@link writePolicies} makes it @throws InvalidBundleError when it is cut off */
  constructor(text: string) {
    requireLines(BUILT.policies, text, END);
    this.#text = text;
  }

  /** @throws InvalidBundleError when the text is damaged */
  head(): PolicyHead {
    return parseBuilt(BUILT.policies, beforeLines(this.#text) + END);
  }

  /** A static policy. @throws InvalidBundleError when it is not there or damaged */
  policy(id: string): PolicyJson {
    const beginning = `${JSON.stringify(id)}:`;
    const line = findLine(this.#text, beginning);
    if (line === undefined) throw broken(BUILT.policies, `has no policy ${id}`);
    return parseBuilt(BUILT.policies, line.slice(beginning.length));
  }

  /** @throws InvalidBundleError when the text is damaged */
  all(): { namespace: string; policies: PolicySetJson } {
    const { namespace, staticPolicies, templates, templateLinks } = parseBuilt<PolicyHead & PolicySetJson>(
      BUILT.policies,
      this.#text,
    );
    return { namespace, policies: { staticPolicies, templates, templateLinks } };
  }
}

/** The JSON text of policies, the static ones on a line each that begins with its id. */
export function writePolicies(
  namespace: string,
  { staticPolicies, templates, templateLinks }: PolicySetJson,
): string {
  const byAction = new Map<string, PolicyHead['byAction'][number]>();
  for (const [id, { action }] of Object.entries(staticPolicies)) {
    const key = stringifyJson(action);
    const group = byAction.get(key) ?? { action, policies: [] };
    byAction.set(key, group);
    group.policies.push(id);
  }
  const head: PolicyHead = { namespace, templates, templateLinks, byAction: [...byAction.values()] };
  const lines = Object.entries(staticPolicies).map(
    ([id, policy]) => `${JSON.stringify(id)}:${stringifyJson(policy)}`,
  );
  return sortedLines(`${stringifyJson(head).slice(0, -1)},"staticPolicies":{`, lines, END);
}
