import { readTarGz } from '../engine/archive.ts';
import { sha256 } from '../engine/archive-tools.ts';
import {
  type Bundle,
  type BundleEntities,
  createPdp,
  type EntityJson,
  InvalidBundleError,
  type Manifest,
  PdpError,
  type Problem,
  type TemplateLink,
} from '../engine/index.ts';
import { isBuilt, verify } from '../engine/read-archive.ts';
import { parseEntities } from './entities.ts';
import { type Files, isBundleFile, readDirectory } from './files.ts';
import { type Layer, layersWithout, pathIn, textFiles } from './layer.ts';
import { parseLinks } from './links.ts';
import { checkEntities } from './official-entities.ts';
import { type ParsedPolicy, parsePolicies } from './policies.ts';
import { positionAt } from './position.ts';
import { actionNamespace, parseSchemaFile } from './schema.ts';
import { parseUrlRules, URL_RULES_FILE } from './urls/parse-rules.ts';
import { validatePolicies } from './validate.ts';

/** A checked bundle, or all that is wrong with it. */
export type CompileResult<Entities extends BundleEntities = EntityJson[]> =
  | { ok: true; bundle: Bundle<Entities>; warnings: Problem[] }
  | { ok: false; problems: Problem[] };

/** Compiles the bundle in a directory. Problems come in the order of files and lines. */
export async function compileDirectory(directory: string): Promise<CompileResult> {
  return attempt(async () => compileFiles(await readDirectory(directory)));
}

/**
 * Compiles the bundle in a `.tar.gz`. What `pdp build` made is held to its manifest and then compiled from the
 * sources inside, under the manifest's revision.
 */
export async function compileArchive(bytes: Uint8Array): Promise<CompileResult> {
  return attempt(async () => {
    const files = await readTarGz(bytes);
    if (!isBuilt(files)) return compileFiles(files);
    const { revision } = await verify(files);
    return compileFiles(files, revision);
  });
}

/** The files of an archive that are a bundle's sources. @throws InvalidBundleError */
export async function readArchiveFiles(bytes: Uint8Array): Promise<Files> {
  return new Map([...(await readTarGz(bytes))].filter(([path]) => isBundleFile(path)));
}

/** Compiles the files of a bundle. */
export async function compileFiles(files: Files, revision?: string): Promise<CompileResult> {
  return compileSet([{ files, ...(revision === undefined ? {} : { revision }) }]);
}

/**
 * Compiles layers as one bundle. A later one adds to those before it: what an earlier one says already, it may not
 * say again, nor otherwise; that is a problem at the later place, which names the earlier one.
 */
export async function compileSet(layers: readonly Layer[]): Promise<CompileResult> {
  const problems: Problem[] = [];
  const read = (matches: (path: string) => boolean) =>
    textFiles(layers, (path) => isBundleFile(path) && matches(path), problems);

  const policyFiles = read((path) => path.endsWith('.cedar'));
  const parsedSchema = parseSchemaFile(
    read((path) => path.endsWith('.cedarschema')),
    problems,
  );
  const policies = parsePolicies(policyFiles, problems);
  const links = parseLinks(
    read((path) => path === 'links.json'),
    policies,
    problems,
  );
  const entities = parseEntities(
    read((path) => path === 'entities.json' || path.startsWith('entities/')),
    parsedSchema?.schema,
    problems,
  );
  const namespace = actionNamespace(parsedSchema, problems);
  const urlRules = parseUrlRules(
    read((path) => path === URL_RULES_FILE),
    { schema: parsedSchema?.schema, namespace },
    problems,
  );
  for (const layer of layersWithout(layers, isBundleFile)) {
    const message = 'there is no file of a bundle in this layer';
    problems.push({ severity: 'error', file: pathIn(layer, '.'), line: 1, column: 1, message });
  }
  if (policyFiles.length === 0) {
    const message = 'there is no policy: a bundle has at least one *.cedar file';
    problems.push({ severity: 'error', file: '.', line: 1, column: 1, message });
  }
  if (parsedSchema !== undefined) validatePolicies(policies, links, parsedSchema, problems);
  if (!hasErrors(problems)) checkEntities(entities, parsedSchema?.json, problems);
  if (hasErrors(problems)) return { ok: false, problems: inOrder(problems) };

  const byKind = (template: boolean) =>
    Object.fromEntries(
      policies.filter((policy) => policy.template === template).map(({ id, json }) => [id, json]),
    );
  const bundle: Bundle = {
    revision: await revisionOfSet(layers),
    namespace,
    policies: { staticPolicies: byKind(false), templates: byKind(true), templateLinks: links },
    ...(parsedSchema === undefined ? {} : { schema: parsedSchema.json }),
    entities,
    ...(urlRules === undefined ? {} : { urlRules }),
  };
  const refusal = refusalOf(bundle);
  if (refusal !== undefined) return { ok: false, problems: [refusedAt(refusal, policies, links)] };
  return { ok: true, bundle, warnings: inOrder(problems) };
}

/**
 * The revision of sources: 16 hexadecimal digits of a SHA-256 over what decisions depend on. The same sources
 * have the same revision as a directory and as an archive.
 */
export async function revisionOf(files: Files): Promise<string> {
  return (await contentOf(files)).slice(0, 16);
}

/**
 * The same in full: what the sources are, whatever a manifest calls them.
 *
 * @param known digests that the files have been held to already
 */
export async function contentOf(files: Files, known: Manifest['files'] = {}): Promise<string> {
  const digests: Manifest['files'] = {};
  for (const path of [...files.keys()].sort()) {
    if (!isBundleFile(path) || path.startsWith('tests/')) continue;
    digests[path] = known[path] ?? (await sha256(files.get(path) ?? new Uint8Array()));
  }
  return sha256(new TextEncoder().encode(JSON.stringify(digests)));
}

/** One layer has its own; several have 16 hexadecimal digits of a SHA-256 over theirs, in order. */
async function revisionOfSet(layers: readonly Layer[]): Promise<string> {
  const own = await Promise.all(layers.map(({ files, revision }) => revision ?? revisionOf(files)));
  const [only, ...others] = own;
  if (only !== undefined && others.length === 0) return only;
  return (await sha256(new TextEncoder().encode(own.join('\n')))).slice(0, 16);
}

/** Why the engine does not take a bundle, so that it fails here and not where it serves. */
function refusalOf(bundle: Bundle): string | undefined {
  try {
    createPdp(bundle);
    return undefined;
  } catch (error) {
    if (error instanceof PdpError) return error.message;
    throw error;
  }
}

/** The engine names the policy it refuses: the problem is where that one is. */
function refusedAt(message: string, policies: ParsedPolicy[], links: TemplateLink[]): Problem {
  const link = links.find(({ newId }) => message.startsWith(`policy ${newId}: `));
  const policy = policies.find(({ id }) => id === link?.templateId || message.startsWith(`policy ${id}: `));
  if (policy === undefined) return { severity: 'error', file: '.', line: 1, column: 1, message };
  const { file, source, offset } = policy.piece;
  return { severity: 'error', file, ...positionAt(source, offset), message, policy: policy.id };
}

async function attempt(compile: () => Promise<CompileResult>): Promise<CompileResult> {
  try {
    return await compile();
  } catch (error) {
    if (error instanceof InvalidBundleError) return { ok: false, problems: error.problems };
    throw error;
  }
}

function hasErrors(problems: Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

function inOrder(problems: Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
