/**
 * `npm run test:corpus -- PATH`: the compiler and the engine held to Cedar's own integration tests.
 *
 *   npm run test:corpus -- corpus-tests.tar.gz
 *
 * PATH is that archive as github.com/cedar-policy/cedar-integration-tests has it, and the Go module
 * github.com/cedar-policy/cedar-go. Each of its requests is put twice, to an engine that has the schema and to one
 * that has none: decision, determining and erring policies must be those of the archive.
 */
import { readFileSync } from 'node:fs';
import { parsePolicySet, parseSchema } from '../compiler/index.ts';
import { readTarGz } from '../engine/archive.ts';
import { createEngine, type EngineRequest, type EngineResponse } from '../engine/index.ts';
import { parseJson } from '../engine/lossless-json.ts';

/** The archive has 31,000 files of 74 MB in all. */
const LIMITS = { packedBytes: 512 * 1024 * 1024, bytes: 512 * 1024 * 1024, files: 200_000, ratio: 1_000 };

/** Failures shown; all are counted. */
const SHOWN = 20;

/** A file of tests: the paths of what is loaded, and requests with the answers that they must get. */
interface CorpusTest {
  policies: string;
  schema: string;
  entities: string;
  requests: (EngineRequest & Expected)[];
}

interface Expected {
  description: string;
  decision: EngineResponse['decision'];
  reason: string[];
  errors: string[];
}

const [path, ...others] = process.argv.slice(2);
if (path === undefined || others.length > 0) stop('give the path of one corpus-tests.tar.gz');

const files = await read(path);
const tests = [...files.keys()].filter((name) => /(?<!\.entities)\.json$/.test(name)).sort();
if (tests.length === 0) stop(`${path} has no tests`);

let passed = 0;
let failed = 0;
for (const name of tests) run(name, parseJson(text(name)) as CorpusTest);
console.log(`${tests.length} files of tests, each with a schema and without`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(name: string, test: CorpusTest): void {
  for (const [how, withSchema] of [
    ['with the schema', true],
    ['without a schema', false],
  ] as const) {
    const engine = attempt(() =>
      createEngine({
        policies: parsePolicySet(text(test.policies)),
        entities: text(test.entities),
        ...(withSchema ? { schema: parseSchema(text(test.schema)) } : {}),
      }),
    );
    for (const {
      description,
      decision,
      reason,
      errors,
      principal,
      action,
      resource,
      context,
    } of test.requests) {
      const request: EngineRequest = {
        principal,
        action,
        resource,
        ...(context === undefined ? {} : { context }),
      };
      const answer = 'threw' in engine ? engine : attempt(() => engine.isAuthorized(request));
      const [expected, actual] = [shown({ decision, reasons: reason, errors }), shownAnswer(answer)];
      if (actual === expected) passed += 1;
      else fail(`${name}, ${description}, ${how}: expected ${expected}, got ${actual}`);
    }
  }
}

function shownAnswer(answer: EngineResponse | { threw: string }): string {
  return 'threw' in answer
    ? answer.threw
    : shown({ ...answer, errors: answer.errors.map(({ policyId }) => policyId) });
}

/** Policies in one order, so that answers compare as text. */
function shown({
  decision,
  reasons,
  errors,
}: Record<'reasons' | 'errors', string[]> & { decision: string }): string {
  return `${decision} by [${reasons.toSorted()}] with errors in [${errors.toSorted()}]`;
}

function fail(what: string): void {
  failed += 1;
  if (failed <= SHOWN) console.log(`FAILED  ${what}`);
}

function attempt<T>(make: () => T): T | { threw: string } {
  try {
    return make();
  } catch (error) {
    return { threw: String(error) };
  }
}

async function read(archive: string): Promise<Map<string, Uint8Array>> {
  try {
    return await readTarGz(readFileSync(archive), LIMITS);
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

function text(name: string): string {
  const content = files.get(name) ?? stop(`${path} has no ${name}`);
  return new TextDecoder('utf-8', { fatal: true }).decode(content);
}

function stop(reason: string): never {
  console.error(`test:corpus: ${reason}`);
  process.exit(2);
}
