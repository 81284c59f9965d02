import type { Bundle, PolicySetJson } from '../engine/index.ts';
import { parseJson, stringifyJson } from '../engine/lossless-json.ts';
import type { CompileResult } from './compile.ts';

type Failed = Extract<CompileResult, { ok: false }>;

/** A compile result between threads: the policies as text, since structured cloning ends at some 800 operators. */
export type CompileMessage =
  | Failed
  | (Omit<Extract<CompileResult, { ok: true }>, 'bundle'> & {
      bundle: Omit<Bundle, 'policies'> & { policies: string };
    });

export function toMessage(result: CompileResult): CompileMessage {
  if (!result.ok) return result;
  return { ...result, bundle: { ...result.bundle, policies: stringifyJson(result.bundle.policies) } };
}

export function fromMessage(message: CompileMessage): CompileResult {
  if (!message.ok) return message;
  const policies = parseJson(message.bundle.policies) as PolicySetJson;
  return { ...message, bundle: { ...message.bundle, policies } };
}
