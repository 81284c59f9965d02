import { Ajv, type ErrorObject } from 'ajv';
import { InvalidRequestError } from '../../engine/index.ts';

/** Checks a value. @throws InvalidRequestError naming the first field that is wrong, without its value */
export type Check = (value: unknown) => void;

const OPTIONS = { allowUnionTypes: true, strict: true } as const;
const bodies = new Ajv(OPTIONS);
/** All is text in a query string, and what is not there has its default. */
const queryStrings = new Ajv({ ...OPTIONS, coerceTypes: true, useDefaults: true });

/** For a body, or a part of it. */
export function bodyCheck(schema: object): Check {
  return checkOf(bodies, schema, '');
}

/** For headers, by their names in lower case. */
export function headerCheck(schema: object): Check {
  return checkOf(bodies, schema, 'header');
}

/** For a query string, whose values it turns into what the schema says. */
export function queryStringCheck(schema: object): Check {
  return checkOf(queryStrings, schema, 'query');
}

function checkOf(ajv: Ajv, schema: object, root: string): Check {
  const valid = ajv.compile(schema);
  return (value) => {
    if (valid(value)) return;
    const [error] = valid.errors ?? [];
    if (error !== undefined) throw invalid(error, root);
  };
}

function invalid(error: ErrorObject, root: string): InvalidRequestError {
  const parts = error.instancePath.split('/').slice(1);
  if (error.keyword === 'required') parts.push(error.params.missingProperty as string);
  const path = parts.reduce((path, part) => {
    if (/^\d+$/.test(part)) return `${path}[${part}]`;
    return path === '' ? part : `${path}.${part}`;
  }, root);
  return new InvalidRequestError(path === '' ? 'body' : path, problemOf(error));
}

const TYPES: Record<string, string> = {
  string: 'a string',
  object: 'an object',
  array: 'a list',
  integer: 'a whole number',
};

function problemOf({ keyword, params }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'type': {
      const [type = ''] = [params.type].flat() as string[];
      return `must be ${TYPES[type] ?? type}`;
    }
    case 'minLength':
      return 'must not be empty';
    case 'pattern':
      return 'is not well-formed Unicode';
    case 'maxItems':
      return `has more than ${params.limit} items`;
    case 'minimum':
      return `must be ${params.limit} or more`;
    case 'maximum':
      return `must be ${params.limit} or less`;
    default:
      return 'is not valid';
  }
}
