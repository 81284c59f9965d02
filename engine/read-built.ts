import type { BuiltBundle, Bundle, Manifest, UrlRule } from './bundle.ts';
import type { EntityJson, PolicySetJson, SchemaJson } from './cedar-json.ts';
import { InvalidBundleError } from './errors.ts';
import { parseJson } from './lossless-json.ts';

/** The files of a built bundle that evaluation reads. */
export const BUILT = {
  manifest: 'manifest.json',
  policies: 'built/policies.json',
  schema: 'built/schema.json',
  entities: 'built/entities.json',
  urlRules: 'built/urls.json',
} as const;

/** Gives a file of a built bundle as text, or undefined when there is none. */
export type ReadText = (path: string) => string | undefined;

/**
 * A bundle from its files. Its contents were checked when it was built and are not checked again.
 *
 * @throws InvalidBundleError when it is not built, or of a layout that this version cannot read
 */
export function readBuilt(read: ReadText): BuiltBundle {
  const { revision, checkedBy } = readManifest(read);
  const { namespace, ...policies } = parse<PolicySetJson & { namespace: string }>(read, BUILT.policies);
  const schema = read(BUILT.schema);
  const urlRules = read(BUILT.urlRules);
  return {
    revision,
    namespace,
    policies,
    ...(schema === undefined ? {} : { schema: json<SchemaJson>(schema, BUILT.schema) }),
    entities: text(read, BUILT.entities),
    ...(urlRules === undefined ? {} : { urlRules: json<UrlRule[]>(urlRules, BUILT.urlRules) }),
    ...(checkedBy === undefined ? {} : { checkedBy }),
  };
}

/** The bundle with its entities read. @throws InvalidBundleError */
export function withEntities({ checkedBy: _, ...built }: BuiltBundle): Bundle {
  return { ...built, entities: json<EntityJson[]>(built.entities, BUILT.entities) };
}

/** @throws InvalidBundleError */
export function readManifest(read: ReadText): Manifest {
  const manifest = parse<Manifest>(read, BUILT.manifest);
  if (manifest.format !== 1 || typeof manifest.revision !== 'string' || typeof manifest.files !== 'object') {
    throw broken(BUILT.manifest, 'is not a manifest of format 1, the one that this version reads');
  }
  return manifest;
}

function text(read: ReadText, path: string): string {
  const content = read(path);
  if (content === undefined) throw broken(path, 'is missing: build the bundle with `pdp build`');
  return content;
}

function parse<T>(read: ReadText, path: string): T {
  return json(text(read, path), path);
}

function json<T>(content: string, path: string): T {
  try {
    return parseJson(content) as T;
  } catch {
    throw broken(path, 'is not JSON');
  }
}

export function broken(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
