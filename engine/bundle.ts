import type { EntityJson, PolicySetJson, SchemaJson } from './cedar-json.ts';

/** What `manifest.json` of a shipped bundle says. */
export interface Manifest {
  /** Version of this layout. */
  format: 1;
  /** Names the contents: the first 16 hexadecimal digits of a SHA-256 over the digests, or what the builder set. */
  revision: string;
  /**
   * Counts publications at one address, from 1, so that a reader can tell older from newer. A whole number.
   *
   * @default it was built, and not published: there is no order
   */
  sequence?: number;
  /** SHA-256 (hex) of every other file in the archive, by path. */
  files: Record<string, string>;
  /** The version of the kit whose engine took what is in it. */
  checkedBy?: string;
  /** From what it was built, for people. */
  builtFrom?: { source?: string; commit?: string };
}

/** Entities as values, or the UTF-8 of their JSON text in pieces, which many take far less memory as. */
export type BundleEntities = EntityJson[] | Uint8Array[];

/** A checked set of policies and data, parsed: what an evaluator is made from. */
export interface Bundle<Entities extends BundleEntities = EntityJson[]> {
  revision: string;
  /** The Cedar namespace of actions: `''`, or `App` for `App::Action::"name"`. */
  namespace: string;
  policies: PolicySetJson;
  schema?: SchemaJson;
  /** Entities with explicit `__entity` and `__extn` escapes, so that no reader needs the schema. */
  entities: Entities;
  /** How requests to URLs become questions, in the order in which they are tried. @default none */
  urlRules?: UrlRule[];
}

/** One rule of `urls.json`, checked: what a request to a URL asks for. Values in `{braces}` are captured from it. */
export interface UrlRule {
  /** In upper case; `*` is any. */
  methods: string[];
  /** The only host that it is for, in lower case and without a port. @default any */
  host?: string;
  /** A template such as `/tenants/{tenant}/notes/{note}`, or an expression for the whole of the decoded path. */
  path: { template: string } | { regex: string };
  /** Query parameters that must be there: a value, or `{name}` to capture it. */
  query?: Record<string, string>;
  /** Headers that must be there, by name in lower case: a value, or `{name}` to capture it. */
  headers?: Record<string, string>;
  action: string;
  resource: {
    type: string;
    /** @default any of the type, with all that was captured as its attributes */
    id?: string;
    tenant?: string;
    attributes?: Record<string, string>;
  };
}
