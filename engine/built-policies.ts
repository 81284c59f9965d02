import type { PolicyJson, PolicySetJson } from './cedar-json.ts';
import { parseJson, stringifyJson } from './lossless-json.ts';
import { beforeLines, findLine, sortedLines } from './sorted-lines.ts';

/** The static policies that ask the same of the action. */
export interface ActionGroup {
  action: PolicyJson['action'];
  policies: string[];
}

/** All but the static policies themselves. */
type Head = Omit<PolicySetJson, 'staticPolicies'> & { namespace: string; byAction: ActionGroup[] };

const END = '}}';

/** Policies as a built bundle has them: JSON text in which one is found by action and id without reading the others. */
export class BuiltPolicies {
  readonly namespace: string;
  readonly byAction: ActionGroup[];
  readonly templates: PolicySetJson['templates'];
  readonly templateLinks: PolicySetJson['templateLinks'];
  readonly #text: string;

  /** @param text as {@link writePolicies} makes it @throws SyntaxError when it is damaged */
  constructor(text: string) {
    const head = parseJson(beforeLines(text) + END) as Head;
    this.namespace = head.namespace;
    this.byAction = head.byAction;
    this.templates = head.templates;
    this.templateLinks = head.templateLinks;
    this.#text = text;
  }

  /** A static policy, if it is there. @throws SyntaxError when its text is damaged */
  find(id: string): PolicyJson | undefined {
    const beginning = `${JSON.stringify(id)}:`;
    const line = findLine(this.#text, beginning);
    return line === undefined ? undefined : (parseJson(line.slice(beginning.length)) as PolicyJson);
  }

  /** @throws SyntaxError when the text is damaged */
  all(): PolicySetJson {
    const { staticPolicies, templates, templateLinks } = parseJson(this.#text) as PolicySetJson;
    return { staticPolicies, templates, templateLinks };
  }
}

/** The JSON text of policies, the static ones on a line each that begins with its id. */
export function writePolicies(namespace: string, { staticPolicies, ...rest }: PolicySetJson): string {
  const policies = Object.entries(staticPolicies);
  const groups = Map.groupBy(policies, ([, { action }]) => stringifyJson(action));
  const byAction = [...groups.values()].map((group): ActionGroup => {
    const [[, { action }]] = group as [(typeof policies)[number]];
    return { action, policies: group.map(([id]) => id) };
  });
  const head: Head = { namespace, ...rest, byAction };
  const lines = policies.map(([id, policy]) => `${JSON.stringify(id)}:${stringifyJson(policy)}`);
  return sortedLines(`${stringifyJson(head).slice(0, -1)},"staticPolicies":{`, lines, END);
}
