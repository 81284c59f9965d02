import type { Problem, SchemaJson } from '../engine/index.ts';
import { cedar, guarded, problemsOf } from './cedar.ts';
import type { TextFile } from './files.ts';
import { positionAt, utf16Offset } from './position.ts';
import { schemaSyntax, undeclaredNames } from './schema-text.ts';
import { type UnitedText, uniteSchemas } from './united-schema.ts';

type Failure = Extract<ReturnType<ReturnType<typeof cedar>['schemaToJson']>, { type: 'failure' }>;
type CedarError = Failure['errors'][number];

/** Types that Cedar has itself, and that a schema may give another meaning to. */
const BUILT_IN = new Set(['Long', 'String', 'Bool', 'Boolean', 'ipaddr', 'decimal', 'datetime', 'duration']);

/**
 * The schemas of several layers as one. Namespaces are united. Each layer may name what those before it declare, and
 * may declare nothing that they do, nor anything that would change what their names mean.
 */
export function parseLayeredSchema(
  files: readonly TextFile[],
  problems: Problem[],
): { text: string; json: SchemaJson } | undefined {
  const before = problems.length;
  for (const file of files) schemaSyntax(file, problems);
  if (problems.length > before) return undefined;
  let earlier: SchemaJson | undefined;
  let text = '';
  for (const [index, file] of files.entries()) {
    const united = uniteSchemas(files.slice(0, index + 1));
    const outcome = guarded(() => cedar().schemaToJson(united.text));
    if ('failure' in outcome) {
      problems.push(at(file, 0, 'with this schema, all together are too deep for the Cedar parser'));
      return undefined;
    }
    const { answer } = outcome;
    if (answer.type === 'failure') {
      problems.push(...answer.errors.flatMap((error) => located(error, united, file)));
      return undefined;
    }
    const json = answer.json as SchemaJson;
    problems.push(...changedMeanings(earlier, json, file));
    if (problems.some(({ severity }) => severity === 'error')) return undefined;
    if (index === files.length - 1) {
      problems.push(...answer.warnings.flatMap((warning) => located(warning, united, file, 'warning')));
    }
    earlier = json;
    text = united.text;
  }
  return earlier === undefined ? undefined : { text, json: earlier };
}

/** An error in a united text at its place in a file. Of two places the later layer's is the one that is wrong. */
function located(
  error: CedarError,
  { text, originOf }: UnitedText,
  latest: TextFile,
  severity: Problem['severity'] = 'error',
): Problem[] {
  const piece = { file: latest.path, source: latest.text, text: latest.text, offset: 0 };
  const [problem] = problemsOf({ ...error, sourceLocations: [], related: [] }, piece, severity);
  if (problem === undefined) return [];
  const names = undeclaredNames(problem, latest);
  if (names !== undefined) return names;
  const places = (error.sourceLocations ?? []).map(({ start }) => originOf(utf16Offset(text, start)));
  const own = places.findLast(({ file }) => file === latest) ?? places[0];
  if (own === undefined) return [problem];
  const other = places.find(({ file }) => file !== own.file);
  const place = { file: own.file.path, ...positionAt(own.file.text, own.offset) };
  if (other === undefined) return [{ ...problem, ...place }];
  const { line } = positionAt(other.file.text, other.offset);
  return [{ ...problem, ...place, help: `the first is at ${other.file.path}:${line}` }];
}

/** What a layer declares that would have names of earlier ones mean something else: Cedar only warns of it. */
function changedMeanings(earlier: SchemaJson | undefined, json: SchemaJson, file: TextFile): Problem[] {
  if (earlier === undefined) return [];
  return Object.entries(json).flatMap(([namespace, declared]) => {
    const known = earlier[namespace];
    const [types, entities] = [declared.commonTypes ?? {}, declared.entityTypes];
    const [knownTypes, knownEntities] = [known?.commonTypes ?? {}, known?.entityTypes ?? {}];
    const added = [
      ...Object.keys(types).filter((name) => !Object.hasOwn(knownTypes, name)),
      ...Object.keys(entities).filter((name) => !Object.hasOwn(knownEntities, name)),
    ];
    return added
      .filter(
        (name) => BUILT_IN.has(name) || Object.hasOwn(knownTypes, name) || Object.hasOwn(knownEntities, name),
      )
      .map((name) => {
        const message = `\`${name}\` has a meaning in earlier layers that this declaration would change`;
        return at(file, placeOfName(file.text, name), message);
      });
  });
}

function placeOfName(text: string, name: string): number {
  return new RegExp(`(?<=\\b(?:type|entity)\\b[^;{]*)\\b${name}\\b`).exec(text)?.index ?? 0;
}

function at(file: TextFile, offset: number, message: string): Problem {
  return { severity: 'error', file: file.path, ...positionAt(file.text, offset), message };
}
