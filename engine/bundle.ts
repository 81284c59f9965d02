import type { EntityJson, PolicySetJson, SchemaJson } from './cedar-json.ts';

/** What `manifest.json` of a shipped bundle says. */
export interface Manifest {
  /** Version of this layout. */
  format: 1;
  /** Names the contents: the first 16 hexadecimal digits of a SHA-256 over the digests, or what the builder set. */
  revision: string;
  /** SHA-256 (hex) of every other file in the archive, by path. */
  files: Record<string, string>;
  /** From what it was built, for people. */
  builtFrom?: { source?: string; commit?: string };
}

/** A checked set of policies and data, parsed: what an evaluator is made from. */
export interface Bundle {
  revision: string;
  /** The Cedar namespace of actions: `''`, or `App` for `App::Action::"name"`. */
  namespace: string;
  policies: PolicySetJson;
  schema?: SchemaJson;
  /** Entities with explicit `__entity` and `__extn` escapes, so that no reader needs the schema. */
  entities: EntityJson[];
}
