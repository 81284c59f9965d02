import {
  InvalidBundleError,
  type PolicyJson,
  type PolicySetJson,
  type Problem,
  type SchemaJson,
} from '../engine/index.ts';
import { parseChecked } from './policies.ts';
import { parseSchemaText } from './schema-text.ts';
import { splitPolicies } from './split-policies.ts';

/** What problems call text that is of no file. */
const FILE = '<text>';

/**
 * Parses the text of a policy set, as `createEngine` takes it. Integers are exact: beyond 2^53 - 1 they are BigInt,
 * which `JSON.stringify` refuses.
 *
 * Statements are named `policy0`, `policy1`, … in the order of the text, templates and policies alike, as the
 * official parser names them; `@id` annotations are kept in the JSON and name nothing. Text has no template links.
 *
 * @throws InvalidBundleError with a problem for each statement that the official parser refuses, or that would be
 *   too deep for it
 */
export function parsePolicySet(text: string): PolicySetJson {
  const staticPolicies: Record<string, PolicyJson> = {};
  const templates: Record<string, PolicyJson> = {};
  const problems: Problem[] = [];
  for (const [index, statement] of splitPolicies(text).entries()) {
    const id = `policy${index}`;
    const piece = {
      file: FILE,
      source: text,
      text: statement.text,
      offset: statement.offset,
      policy: id,
    };
    const parsed = parseChecked(statement, piece, problems);
    if (parsed === 'dead') break;
    if (parsed === undefined) continue;
    (parsed.template ? templates : staticPolicies)[id] = parsed.json;
  }
  if (problems.length > 0) throw new InvalidBundleError(problems);
  return { staticPolicies, templates, templateLinks: [] };
}

/**
 * Parses a schema in Cedar's syntax into its JSON form, as `createEngine` takes it.
 *
 * @throws InvalidBundleError for text that is no schema
 */
export function parseSchema(text: string): SchemaJson {
  const problems: Problem[] = [];
  const schema = parseSchemaText({ path: FILE, text }, problems);
  if (schema === undefined) throw new InvalidBundleError(problems);
  return schema;
}
