import { BuiltEntities } from './built-entities.ts';
import { BUILT, broken, parseBuilt } from './built-files.ts';
import { BuiltPolicies } from './built-policies.ts';
import type { Bundle, Manifest, UrlRule } from './bundle.ts';
import type { SchemaJson } from './cedar-json.ts';

/** A bundle as it was built, its policies and entities not read yet. */
export interface BuiltBundle
  extends Pick<Bundle, 'revision' | 'schema' | 'urlRules'>,
    Pick<Manifest, 'sequence' | 'checkedBy'> {
  policies: BuiltPolicies;
  entities: BuiltEntities;
}

/** Gives a file of a built bundle as text, or undefined when there is none. */
export type ReadText = (path: string) => string | undefined;

/**
 * A bundle from its files. Its contents were checked when it was built and are not checked again.
 *
 * @throws InvalidBundleError when it is not built, or of a layout that this version cannot read
 */
export function readBuilt(read: ReadText): BuiltBundle {
  const { revision, sequence, checkedBy } = readManifest(read);
  const schema = read(BUILT.schema);
  const urlRules = read(BUILT.urlRules);
  return {
    revision,
    policies: new BuiltPolicies(required(read, BUILT.policies)),
    ...(schema === undefined ? {} : { schema: parseBuilt<SchemaJson>(BUILT.schema, schema) }),
    entities: new BuiltEntities(required(read, BUILT.entities)),
    ...(urlRules === undefined ? {} : { urlRules: parseBuilt<UrlRule[]>(BUILT.urlRules, urlRules) }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(checkedBy === undefined ? {} : { checkedBy }),
  };
}

/** All of a built bundle. @throws InvalidBundleError when it is damaged */
export function readAll({ policies, entities, sequence: _, checkedBy: __, ...built }: BuiltBundle): Bundle {
  return { ...built, ...policies.all(), entities: entities.all() };
}

/** @throws InvalidBundleError */
export function readManifest(read: ReadText): Manifest {
  const manifest = parseBuilt<Manifest>(BUILT.manifest, required(read, BUILT.manifest));
  if (manifest.format !== 1 || typeof manifest.revision !== 'string' || typeof manifest.files !== 'object') {
    throw broken(BUILT.manifest, 'is not a manifest of format 1, the one that this version reads');
  }
  const { sequence } = manifest;
  if (sequence !== undefined && !(Number.isSafeInteger(sequence) && sequence >= 1)) {
    throw broken(BUILT.manifest, 'has a sequence that is not a whole number from 1');
  }
  return manifest;
}

function required(read: ReadText, path: string): string {
  const text = read(path);
  if (text === undefined) throw broken(path, 'is missing: build the bundle with `pdp build`');
  return text;
}
