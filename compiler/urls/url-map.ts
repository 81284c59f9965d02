import { InvalidRequestError, type UrlRule } from '../../engine/index.ts';
import { Conditions, queryValues, type Values } from './conditions.ts';
import { both, type Fit } from './fit.ts';
import { type PathPattern, pathPattern } from './path-pattern.ts';
import { parseHost, parseTarget, TOKEN, type UrlTarget } from './target.ts';
import { ValueTemplate } from './value-template.ts';

/** A request to an application, as a proxy tells of it. */
export interface UrlRequest {
  /** In any letter case. */
  method: string;
  /** `/path?query`, or with scheme and host. */
  url: string;
  /** Where the URL has none: as in `Host`. */
  host?: string;
  /** @default none were sent */
  headers?: Values;
}

/** What a request asks for, in the terms of Permit's API. */
export interface UrlQuestion {
  action: string;
  resource: { type: string; key?: string; tenant?: string; attributes: Record<string, string> };
}

/** Why a request belongs to no rule. The reason is for logs and for callers with the key. */
export interface NoRule {
  reason: string;
}

/** The rules of one revision, ready to be asked. */
export class UrlMap {
  readonly #rules: CompiledRule[];

  /** @throws InvalidRequestError for rules that the compiler did not check */
  constructor(rules: readonly UrlRule[] = []) {
    this.#rules = rules.map((rule) => new CompiledRule(rule));
  }

  /**
   * The question of the first rule that fits. Letter case, a final slash, a parameter sent twice or a host left out
   * never choose between rules: a request that a rule fits but for that belongs to none.
   */
  question(request: UrlRequest): UrlQuestion | NoRule {
    let known: KnownRequest;
    try {
      known = know(request);
    } catch (error) {
      if (error instanceof InvalidRequestError) return { reason: `the ${error.message.replace(':', '')}` };
      throw error;
    }
    for (const rule of this.#rules) {
      const fit = rule.fit(known);
      if (fit === 'no') continue;
      if (fit === 'exact') return rule.question(known);
      return {
        reason:
          'a rule fits but for letter case, a final slash, a parameter or header sent twice, or a host not told',
      };
    }
    return { reason: 'no rule fits the method and URL' };
  }
}

interface KnownRequest extends UrlTarget {
  method: string;
  headers: Values;
  parameters: ReturnType<typeof queryValues>;
}

/** @throws InvalidRequestError */
function know({ method, url, host, headers = () => [] }: UrlRequest): KnownRequest {
  if (!TOKEN.test(method)) throw new InvalidRequestError('method', 'is not an HTTP method');
  const target = parseTarget(url);
  const told = host === undefined ? undefined : parseHost(host);
  if (told !== undefined && target.host !== undefined && told !== target.host) {
    throw new InvalidRequestError('url', 'and the header name different hosts');
  }
  const known = target.host ?? told;
  return {
    ...target,
    ...(known === undefined ? {} : { host: known }),
    method: method.toUpperCase(),
    headers,
    parameters: queryValues(target.query),
  };
}

/** One rule, with its parts parsed. */
export class CompiledRule {
  readonly path: PathPattern;
  readonly #rule: UrlRule;
  readonly #query: Conditions;
  readonly #headers: Conditions;
  readonly #id: ValueTemplate | undefined;
  readonly #tenant: ValueTemplate | undefined;
  readonly #attributes: [string, ValueTemplate][] | undefined;

  /** @throws InvalidRequestError naming the part that is wrong */
  constructor(rule: UrlRule) {
    const { type: _, id, tenant, attributes } = rule.resource;
    this.#rule = rule;
    this.path = pathPattern(rule.path);
    this.#query = new Conditions(rule.query, 'query');
    this.#headers = new Conditions(rule.headers, 'headers');
    const names = new Set(this.names);
    const twice = this.names.find((name, index) => this.names.indexOf(name) !== index);
    if (twice !== undefined) {
      const [at] = Object.keys(rule.path);
      throw new InvalidRequestError(
        at === 'regex' ? 'regex' : 'path',
        `{${twice}} is captured twice: give each its own name`,
      );
    }
    const value = (text: string, at: string) => new ValueTemplate(text, `resource.${at}`, names);
    this.#id = id === undefined ? undefined : value(id, 'id');
    this.#tenant = tenant === undefined ? undefined : value(tenant, 'tenant');
    this.#attributes =
      attributes === undefined
        ? undefined
        : Object.entries(attributes).map(([name, text]) => [name, value(text, `attributes.${name}`)]);
  }

  /** What it captures, from path, query and headers. */
  get names(): string[] {
    return [...this.path.names, ...this.#query.names, ...this.#headers.names];
  }

  fit({ method, host, segments, headers, parameters }: KnownRequest): Fit {
    const { methods, host: own } = this.#rule;
    if (!methods.includes(method) && !methods.includes('*')) return 'no';
    if (own !== undefined && host !== undefined && own !== host) return 'no';
    const path = this.path.fit(segments);
    if (path === 'no') return path;
    const target = own !== undefined && host === undefined ? 'near' : path;
    return both(both(target, this.#queryFit(parameters)), this.#headers.fit(headers));
  }

  #queryFit(parameters: KnownRequest['parameters']): Fit {
    if (this.#query.empty) return 'exact';
    if (parameters === undefined) return 'near';
    const near = this.#query.fit(parameters.near);
    return near === 'exact' && this.#query.fit(parameters.exact) !== 'exact' ? 'near' : near;
  }

  question({ segments, headers, parameters }: KnownRequest): UrlQuestion | NoRule {
    const captured = new Map([
      ...this.path.capture(segments),
      ...this.#query.capture(parameters?.exact ?? (() => [])),
      ...this.#headers.capture(headers),
    ]);
    const { action, resource } = this.#rule;
    const question: UrlQuestion = { action, resource: { type: resource.type, attributes: {} } };
    const set = (template: ValueTemplate | undefined, keep: (value: string) => void): boolean => {
      const value = template?.fill(captured);
      if (value !== undefined) keep(value);
      return template === undefined || value !== undefined;
    };
    const filled = [
      set(this.#id, (key) => Object.assign(question.resource, { key })),
      set(this.#tenant, (tenant) => Object.assign(question.resource, { tenant })),
      ...(this.#attributes ?? []).map(([name, template]) =>
        set(template, (value) => define(question.resource.attributes, name, value)),
      ),
    ];
    if (filled.includes(false)) {
      return { reason: 'what was captured is empty, or has a character that separates the parts of an id' };
    }
    // Without an id there is no stored entity that what a client wrote into a URL could be laid over.
    if (this.#id === undefined && this.#attributes === undefined) {
      for (const [name, value] of captured) define(question.resource.attributes, name, value);
    }
    return question;
  }
}

/** As an own property, whatever its name. */
function define(record: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}
