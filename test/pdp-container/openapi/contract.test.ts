import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { type Answer, call } from '../support/client.ts';
import type { TestServer } from '../support/server.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { illFormed } from './ill-formed.ts';
import { type Described, documentOf, KEY, operationsOf, startAll } from './support.ts';

/** The server and its document say the same, each by what the other is. */

const BODY_LIMIT = 4_000;

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
const compiled = new Map<AnySchema, ValidateFunction>();
function isValid(schema: AnySchema, value: unknown): boolean {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  return validate(value) as boolean;
}

let server: TestServer;
let unready: TestServer;
let operations: Described[];
beforeAll(async () => {
  server = await startAll({ limits: { bodyBytes: BODY_LIMIT } });
  unready = await startAll({ bundle: { 'policies.cedar': 'permit(' } });
  operations = operationsOf(await documentOf(server));
});
afterAll(cleanUp);

function ask(
  { method, path: template, onOpaPort }: Described,
  { path = template, search = '', headers, body }: Example,
  { key = KEY, of = server }: { key?: string; of?: TestServer } = {},
): Promise<Answer> {
  return call((onOpaPort ? of.opaUrl : of.url) ?? '', `${path}${search}`, {
    method,
    headers: { ...headers, ...(key === '' ? {} : { authorization: `Bearer ${key}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** What is wrong with an answer by the document. */
function problemOf({ operation, method }: Described, { status, headers, text }: Answer): string | undefined {
  const documented = operation.responses[status];
  if (documented === undefined) return `${status} is not documented: ${text}`;
  if (method === 'HEAD') return text === '' ? undefined : 'a body for HEAD';
  if (documented.content === undefined) return text === '' ? undefined : `a body for ${status}: ${text}`;
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  const schema = documented.content[type]?.schema;
  if (schema === undefined) return `${status} is not documented as ${type}`;
  const body: unknown = type === 'application/json' ? JSON.parse(text) : text;
  return isValid(schema, body) ? undefined : `${status} is not of its schema: ${text}`;
}

const needsKey = ({ operation }: Described) => operation.security?.length !== 0;
const bodySchemaOf = ({ operation }: Described) => operation.requestBody?.content['application/json']?.schema;

/** Asks each and tells which answers are not what they should be. */
async function wrongAnswers(
  asked: Described[],
  answerTo: (operation: Described, example: Example) => Promise<Answer>,
  isExpected: (status: number) => boolean,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of asked) {
    const answer = await answerTo(operation, EXAMPLES.get(operation.name) ?? {});
    const problem = problemOf(operation, answer);
    if (problem !== undefined) wrong.push(`${operation.name}: ${problem}`);
    else if (!isExpected(answer.status)) wrong.push(`${operation.name} is ${answer.status}: ${answer.text}`);
  }
  return wrong;
}

describe('every operation', () => {
  it('answers a request that the document takes as the document has it', async () => {
    expect([...EXAMPLES.keys()].sort()).toEqual(operations.map(({ name }) => name).sort());
    const refused = operations.filter((operation) => {
      const schema = bodySchemaOf(operation);
      return schema !== undefined && !isValid(schema, EXAMPLES.get(operation.name)?.body);
    });
    expect(refused.map(({ name }) => name)).toEqual([]);
    expect(await wrongAnswers(operations, ask, (status) => status === 200 || status === 202)).toEqual([]);
  });

  it('answers callers without the key as the document has it', async () => {
    for (const key of ['', 'another']) {
      const keyed = operations.filter(needsKey);
      const answer = (of: Described, example: Example) => ask(of, example, { key });
      expect(await wrongAnswers(keyed, answer, (status) => status === 401 || status === 403)).toEqual([]);
    }
  });

  it('answers as the document has it while no revision is active', async () => {
    const answer = (of: Described, example: Example) => ask(of, example, { of: unready });
    const health = /^GET (opa:)?\/(health|healthy|metrics|openapi\.json|\.well-known.*)$/;
    const deciding = operations.filter(({ name }) => !health.test(name) && !/(trigger|webhook)$/.test(name));
    expect(await wrongAnswers(deciding, answer, (status) => status === 503)).toEqual([]);
    const others = operations.filter((one) => !deciding.includes(one));
    expect(await wrongAnswers(others, answer, () => true)).toEqual([]);
  });

  it('answers a body that is too large, or is no JSON, as the document has it', async () => {
    const taking = operations.filter((operation) => bodySchemaOf(operation) !== undefined);
    const large = (of: Described, example: Example) => ask(of, { ...example, body: 'x'.repeat(BODY_LIMIT) });
    expect(await wrongAnswers(taking, large, (status) => status === 413)).toEqual([]);
    const broken = ({ method, path, onOpaPort }: Described, example: Example) =>
      call((onOpaPort ? server.opaUrl : server.url) ?? '', example.path ?? path, {
        method,
        headers: { authorization: `Bearer ${KEY}` },
        body: '{',
      });
    expect(await wrongAnswers(taking, broken, (status) => status === 400 || status === 422)).toEqual([]);
  });
});

it('what a schema refuses the server refuses, and what it takes the server takes', async () => {
  const taking = operations.filter((operation) => bodySchemaOf(operation) !== undefined);
  const wrong: string[] = [];
  let refused = 0;
  let taken = 0;
  for (const operation of taking) {
    const schema = bodySchemaOf(operation) as AnySchema;
    const example = EXAMPLES.get(operation.name);
    for (const body of illFormed(example?.body)) {
      const valid = isValid(schema, body);
      const answer = await ask(operation, { ...example, body });
      const told = `${operation.name} ${JSON.stringify(body)}`;
      const problem = problemOf(operation, answer);
      if (problem !== undefined) wrong.push(`${told}: ${problem}`);
      // Any document's schema takes what only one of them does.
      if (operation.path.endsWith('{path}')) continue;
      if (valid !== answer.status < 400)
        wrong.push(`${told}: ${valid ? 'valid' : 'not valid'}, but ${answer.status}`);
      if (valid) taken += 1;
      else refused += 1;
    }
  }
  expect(wrong).toEqual([]);
  expect([refused > 1_000, taken > 300]).toEqual([true, true]);
});

describe('parameters', () => {
  const find = (name: string) => operations.find((operation) => operation.name === name) as Described;

  it.each(['page=0', 'page=x', 'page=1.5', 'page=', 'per_page=0', 'per_page=101'])(
    '/local/role_assignments?%s is refused by both',
    async (search) => {
      const operation = find('GET /local/role_assignments');
      const [name, value = ''] = search.split('=');
      const schema =
        operation.operation.parameters?.find((parameter) => parameter.name === name)?.schema ?? {};
      expect(isValid(schema, value === '' || Number.isNaN(Number(value)) ? value : Number(value))).toBe(
        false,
      );
      const answer = await ask(operation, { search: `?${search}` });
      expect([answer.status, problemOf(operation, answer)]).toEqual([422, undefined]);
    },
  );

  it('/nginx_allowed needs each header that the document says', async () => {
    const operation = find('POST /nginx_allowed');
    const { headers = {} } = EXAMPLES.get(operation.name) ?? {};
    const needed = (operation.operation.parameters ?? []).filter(({ required }) => required);
    expect(needed.map(({ name }) => name)).toEqual(Object.keys(headers));
    for (const { name, schema } of needed) {
      const { [name]: _, ...rest } = headers;
      const answer = await ask(operation, { headers: rest });
      expect([answer.status, problemOf(operation, answer)]).toEqual([422, undefined]);
      expect(isValid(schema, '')).toBe(false);
      expect((await ask(operation, { headers: { ...headers, [name]: '' } })).status).toBe(422);
    }
  });

  it.each(['GET opa:/v1/data/cedar', 'GET opa:/v1/data/{path}'])('%s: input', async (name) => {
    const operation = find(name);
    for (const input of ['{', '"x"', JSON.stringify({ subject: {} })]) {
      const answer = await ask(operation, {
        path: '/v1/data/cedar',
        search: `?input=${encodeURIComponent(input)}`,
      });
      expect([answer.status, problemOf(operation, answer)]).toEqual([400, undefined]);
    }
  });
});
