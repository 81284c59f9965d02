import type { Bundle, EntityJson, PolicySetJson } from '../engine/index.ts';
import { parseJson, stringifyJson } from '../engine/lossless-json.ts';
import type { LayersResult } from './layers.ts';

type Failed = Extract<LayersResult, { ok: false }>;

/**
 * A compile result between threads. Policies are text, since structured cloning ends at some 800 operators; so are
 * entities, in pieces that are handed over and not copied: a million of them as values would be in memory three times.
 */
export type CompileMessage =
  | Failed
  | (Omit<Extract<LayersResult, { ok: true }>, 'bundle'> & {
      bundle: Omit<Bundle<Uint8Array<ArrayBuffer>[]>, 'policies'> & { policies: string };
    });

/** Entities in one piece of text. */
const PIECE = 1_000;

export function toMessage(result: LayersResult): CompileMessage {
  if (!result.ok) return result;
  const { policies, entities, ...bundle } = result.bundle;
  return {
    ...result,
    bundle: { ...bundle, policies: stringifyJson(policies), entities: piecesOf(entities) },
  };
}

/** What of a message is handed over to the other thread. */
export function buffersOf(message: CompileMessage): ArrayBuffer[] {
  return message.ok ? message.bundle.entities.map(({ buffer }) => buffer) : [];
}

export function fromMessage(message: CompileMessage): LayersResult<Uint8Array[]> {
  if (!message.ok) return message;
  const policies = parseJson(message.bundle.policies) as PolicySetJson;
  return { ...message, bundle: { ...message.bundle, policies } };
}

function piecesOf(entities: EntityJson[]): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  const pieces = [encoder.encode('[')];
  for (let from = 0; from < entities.length; from += PIECE) {
    const list = stringifyJson(entities.slice(from, from + PIECE));
    pieces.push(encoder.encode((from === 0 ? '' : ',') + list.slice(1, -1)));
  }
  pieces.push(encoder.encode(']'));
  return pieces;
}
