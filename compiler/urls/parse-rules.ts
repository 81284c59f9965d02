import { actionType, formatUid, isEntityTypeName, uidKey } from '../../engine/entity-uid.ts';
import { InvalidRequestError, type Problem, type UrlRule } from '../../engine/index.ts';
import type { Schema } from '../../engine/schema.ts';
import type { TextFile } from '../files.ts';
import { type JsonFile, type JsonPath, parseJsonFile } from '../json-file.ts';
import { ruleShape } from './rule-shape.ts';
import { CompiledRule } from './url-map.ts';

/** Where the rules are. */
export const URL_RULES_FILE = 'urls.json';

/** Most rules of a bundle. */
export const MAX_RULES = 1_000;
/** Most steps of all expressions together for each character of a path. */
export const MAX_STEPS = 1_000;

/** What rules are held to beside their own shape. */
export interface RuleNames {
  schema: Schema | undefined;
  /** Of actions. */
  namespace: string;
}

interface PlacedRule {
  rule: UrlRule;
  priority: number;
  /** In its file. */
  index: number;
  file: JsonFile;
}

/**
 * Reads `urls.json`, in the order in which its rules are tried: highest `priority` first, and of equal ones the
 * one that is written first. Those of an earlier layer all come before those of a later one. What is wrong goes into
 * `problems`, with the number of the rule, from 0.
 */
export function parseUrlRules(
  files: TextFile[],
  names: RuleNames,
  problems: Problem[],
): UrlRule[] | undefined {
  const budget = { rules: 0, steps: 0 };
  const placed = files.flatMap((text) => parseFile(text, names, budget, problems) ?? []);
  refuseShadowed(placed, problems);
  return files.length === 0 ? undefined : placed.map(({ rule }) => rule);
}

/** What the rules of all files take together. */
interface Budget {
  rules: number;
  steps: number;
}

function parseFile(
  text: TextFile,
  names: RuleNames,
  budget: Budget,
  problems: Problem[],
): PlacedRule[] | undefined {
  const file = parseJsonFile(text, problems);
  if (file === undefined) return undefined;
  if (!Array.isArray(file.value)) {
    problems.push(file.problem([], 'must be a list of URL rules'));
    return undefined;
  }
  const others = budget.rules;
  budget.rules += file.value.length;
  if (budget.rules > MAX_RULES) {
    problems.push(
      file.problem([MAX_RULES - others], `there are ${budget.rules} rules; ${MAX_RULES} are the most`),
    );
    return undefined;
  }
  const placed: PlacedRule[] = [];
  for (const [index, value] of file.value.entries()) {
    const report = (error: InvalidRequestError) => problems.push(problemAt(file, index, error));
    try {
      const { priority, rule } = ruleShape(value);
      const compiled = new CompiledRule(rule);
      holdToSchema(rule, compiled.names, names);
      const before = budget.steps;
      budget.steps += compiled.path.steps;
      if (budget.steps > MAX_STEPS && before <= MAX_STEPS) throw tooManySteps(budget.steps);
      placed.push({ rule, priority, index, file });
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      report(error);
    }
  }
  return placed.sort((a, b) => b.priority - a.priority || a.index - b.index);
}

/** At the value that is wrong, as far as it is there. */
function problemAt(file: JsonFile, index: number, { path, message }: InvalidRequestError): Problem {
  const at: JsonPath = path === '' ? [] : path.split('.');
  return file.problem([index, ...at], `rule ${index}: ${message}`);
}

function tooManySteps(steps: number): InvalidRequestError {
  return new InvalidRequestError(
    'regex',
    `with this one the expressions have programs of ${steps} instructions together; ${MAX_STEPS} are the most: ` +
      'use path templates, or smaller repeat counts and classes',
  );
}

function holdToSchema(rule: UrlRule, captured: string[], { schema, namespace }: RuleNames): void {
  const { type, id, attributes } = rule.resource;
  if (!isEntityTypeName(type)) {
    throw new InvalidRequestError('resource', `"${type}" is not a Cedar entity type name`);
  }
  if (schema === undefined) return;
  const declared = schema.entityTypes.get(type);
  if (declared === undefined) {
    throw new InvalidRequestError('resource', `the schema has no entity type ${type}`);
  }
  const uid = { type: actionType(namespace), id: rule.action };
  const action = schema.actions.get(uidKey(uid));
  if (action === undefined) {
    throw new InvalidRequestError('action', `the schema has no action ${formatUid(uid)}`);
  }
  if (!action.resourceTypes.has(type)) {
    throw new InvalidRequestError('action', `${formatUid(uid)} does not apply to a ${type} in the schema`);
  }
  const own = declared.attributes.attributes;
  for (const name of Object.keys(attributes ?? {})) {
    if (own.has(name)) continue;
    throw new InvalidRequestError(
      `resource.attributes.${name}`,
      `${type} has no such attribute in the schema`,
    );
  }
  const set = attributes !== undefined ? Object.keys(attributes) : id === undefined ? captured : [];
  for (const name of set) {
    const kind = own.get(name)?.type.kind;
    if (kind === undefined || kind === 'string') continue;
    throw new InvalidRequestError(
      'resource',
      `the attribute ${name} of ${type} is not a String in the schema, and what a URL has is text: ` +
        'give the resource an id, or the capture another name',
    );
  }
}

/** A rule that another one always comes before is a mistake that no request would show. */
function refuseShadowed(placed: PlacedRule[], problems: Problem[]): void {
  const seen = new Map<string, PlacedRule[]>();
  for (const item of placed) {
    const key = sameness(item.rule);
    const others = seen.get(key) ?? [];
    const before = others.find(({ rule }) => covers(rule.methods, item.rule.methods));
    if (before === undefined) seen.set(key, [...others, item]);
    else {
      const of = before.file === item.file ? '' : ` of ${before.file.path}`;
      const message = `never applies: rule ${before.index}${of} comes before it and fits the same requests; take one out`;
      problems.push(item.file.problem([item.index], `rule ${item.index}: ${message}`));
    }
  }
}

function covers(methods: string[], others: string[]): boolean {
  return methods.includes('*') || others.every((method) => methods.includes(method));
}

/** Equal for rules that differ only in methods, in names of what they capture, and in what they ask. */
function sameness({ host, path, query, headers }: UrlRule): string {
  const blank = (text: string) => text.replace(/\{[^{}/]*\}/g, '{}');
  const sorted = (record: Record<string, string> = {}) =>
    Object.entries(record)
      .map(([name, value]) => [name, blank(value)])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  const own = 'regex' in path ? path : { template: blank(path.template) };
  return JSON.stringify([host, own, sorted(query), sorted(headers)]);
}
