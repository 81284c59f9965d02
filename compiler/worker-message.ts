import type { Bundle, EntityJson, PolicyJson, PolicySetJson, TemplateLink } from '../engine/index.ts';
import { parseJson, stringifyJson } from '../engine/lossless-json.ts';
import type { Steps } from '../engine/steps.ts';
import type { LayersResult } from './layers.ts';

type Failed = Extract<LayersResult, { ok: false }>;

/**
 * A compile result between threads. Policies are text, since structured cloning ends at some 800 operators; so are
 * entities, in pieces that are handed over and not copied: a million of them as values would be in memory three times.
 * Policies are in pieces too, so that the thread that gets them has something else to do between them.
 */
export type CompileMessage =
  | Failed
  | (Omit<Extract<LayersResult, { ok: true }>, 'bundle'> & {
      bundle: Omit<Bundle<Uint8Array<ArrayBuffer>[]>, 'policies'> & { policies: PolicyTexts };
    });

interface PolicyTexts {
  staticPolicies: string[];
  templates: string;
  templateLinks: string[];
}

/** Entities in one piece of text. */
const PIECE = 1_000;

/** Policies, or links of templates, in one piece of text: some tenths of a millisecond to parse. */
const POLICIES_A_PIECE = 20;

export function toMessage(result: LayersResult): CompileMessage {
  if (!result.ok) return result;
  const { policies, entities, ...bundle } = result.bundle;
  return {
    ...result,
    bundle: { ...bundle, policies: textsOf(policies), entities: piecesOf(entities) },
  };
}

/** What of a message is handed over to the other thread. */
export function buffersOf(message: CompileMessage): ArrayBuffer[] {
  return message.ok ? message.bundle.entities.map(({ buffer }) => buffer) : [];
}

export function* fromMessage(message: CompileMessage): Steps<LayersResult<Uint8Array[]>> {
  if (!message.ok) return message;
  const texts = message.bundle.policies;
  const policies: PolicySetJson = {
    staticPolicies: Object.fromEntries(yield* listOf<[string, PolicyJson]>(texts.staticPolicies)),
    templates: parseJson(texts.templates) as PolicySetJson['templates'],
    templateLinks: yield* listOf<TemplateLink>(texts.templateLinks),
  };
  return { ...message, bundle: { ...message.bundle, policies } };
}

function* listOf<T>(texts: string[]): Steps<T[]> {
  const list: T[] = [];
  for (const text of texts) {
    list.push(...(parseJson(text) as T[]));
    yield;
  }
  return list;
}

function textsOf({ staticPolicies, templates, templateLinks }: PolicySetJson): PolicyTexts {
  const texts = (list: unknown[]) =>
    Array.from({ length: Math.ceil(list.length / POLICIES_A_PIECE) }, (_, index) =>
      stringifyJson(list.slice(index * POLICIES_A_PIECE, (index + 1) * POLICIES_A_PIECE)),
    );
  return {
    staticPolicies: texts(Object.entries(staticPolicies)),
    templates: stringifyJson(templates),
    templateLinks: texts(templateLinks),
  };
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
