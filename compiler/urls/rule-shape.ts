import { InvalidRequestError, type UrlRule } from '../../engine/index.ts';
import { parseHost, TOKEN } from './target.ts';

const KEYS = ['method', 'host', 'path', 'regex', 'query', 'headers', 'action', 'resource', 'priority'];
const RESOURCE_KEYS = ['type', 'id', 'tenant', 'attributes'];
/** Permit's names for the same things. */
const PERMIT_KEYS: Record<string, string> = {
  http_method: 'method',
  url: 'path (and host)',
  url_type: 'path or regex',
  type: 'path or regex',
  key: 'id',
};
/** Headers that are somebody's secret: what is captured gets into policies and logs. */
const SECRETS = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-pdp-key']);

/** A rule as written, with the shape it must have. @throws InvalidRequestError naming the part that is wrong */
export function ruleShape(value: unknown): { rule: UrlRule; priority: number } {
  const written = object(value, '', KEYS);
  const { method, host, path, regex, query, headers, action, resource, priority = 0 } = written;
  if (!Number.isSafeInteger(priority)) {
    throw new InvalidRequestError('priority', 'must be a whole number; the highest is tried first');
  }
  return {
    priority: priority as number,
    rule: {
      methods: parseMethods(method),
      ...(host === undefined ? {} : { host: parseRuleHost(host) }),
      path: parsePath(path, regex),
      ...(query === undefined ? {} : { query: texts(query, 'query') }),
      ...(headers === undefined ? {} : { headers: parseHeaders(headers) }),
      action: text(action, 'action', 'must be the name of an action, such as "view"'),
      resource: parseResource(resource),
    },
  };
}

function parseMethods(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  const wrong = 'must be an HTTP method such as "GET", a list of them, or "*" for any';
  if (list.length === 0) throw new InvalidRequestError('method', wrong);
  return list.map((item) => {
    if (typeof item === 'string' && TOKEN.test(item)) return item.toUpperCase();
    throw new InvalidRequestError('method', wrong);
  });
}

function parseRuleHost(value: unknown): string {
  const wrong = 'must be a host name without scheme and port, such as "api.example.com"';
  const host = text(value, 'host', wrong);
  try {
    if (parseHost(host) === host.toLowerCase()) return host.toLowerCase();
  } catch {
    // Told below, in the words of a rule.
  }
  throw new InvalidRequestError('host', wrong);
}

function parsePath(path: unknown, regex: unknown): UrlRule['path'] {
  if ((path === undefined) === (regex === undefined)) {
    throw new InvalidRequestError(
      path === undefined ? '' : 'regex',
      'a rule has either a path, such as "/notes/{id}", or a regex for the whole path',
    );
  }
  return regex === undefined
    ? { template: text(path, 'path', 'must be a template such as "/notes/{id}"') }
    : { regex: text(regex, 'regex', 'must be a regular expression for the whole path, as text') };
}

function parseHeaders(value: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, wanted] of Object.entries(texts(value, 'headers'))) {
    const at = `headers.${name}`;
    const lower = name.toLowerCase();
    if (!TOKEN.test(name)) throw new InvalidRequestError(at, 'is not the name of a header');
    if (SECRETS.has(lower)) throw new InvalidRequestError(at, 'holds a secret; a rule cannot look at it');
    if (Object.hasOwn(headers, lower)) throw new InvalidRequestError(at, 'is there twice');
    headers[lower] = wanted;
  }
  return headers;
}

function parseResource(value: unknown): UrlRule['resource'] {
  if (typeof value === 'string' && value !== '') return { type: value };
  const wrong = 'must be an entity type, or an object with type, id, tenant and attributes';
  if (value === undefined || typeof value === 'string') throw new InvalidRequestError('resource', wrong);
  const { type, id, tenant, attributes } = object(value, 'resource', RESOURCE_KEYS);
  const template = 'must be text, such as "{id}"';
  return {
    type: text(type, 'resource.type', 'must be an entity type'),
    ...(id === undefined ? {} : { id: text(id, 'resource.id', template) }),
    ...(tenant === undefined ? {} : { tenant: text(tenant, 'resource.tenant', template) }),
    ...(attributes === undefined ? {} : { attributes: texts(attributes, 'resource.attributes') }),
  };
}

function object(value: unknown, at: string, keys: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError(at, `must be an object with ${keys.join(', ')}`);
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown === undefined) return value as Record<string, unknown>;
  const known = Object.hasOwn(PERMIT_KEYS, unknown)
    ? `here this is ${PERMIT_KEYS[unknown]}`
    : `there are ${keys.join(', ')}`;
  const path = at === '' ? unknown : `${at}.${unknown}`;
  throw new InvalidRequestError(path, `is not a part of a rule; ${known}`);
}

function texts(value: unknown, at: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError(at, 'must be an object of names with text');
  }
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'string') throw new InvalidRequestError(`${at}.${name}`, 'must be text');
  }
  return value as Record<string, string>;
}

function text(value: unknown, at: string, wrong: string): string {
  if (typeof value !== 'string' || value === '') throw new InvalidRequestError(at, wrong);
  return value;
}
