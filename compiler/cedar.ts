import type { DetailedError } from '@cedar-policy/cedar-wasm/web';
import type { Problem } from '../engine/index.ts';
import { loadCedar } from './oracle/load.ts';
import { positionAt, utf16Offset } from './position.ts';

/** A piece of a file that Cedar was given, so that what it says of the piece can be said of the file. */
export interface Piece {
  file: string;
  /** The whole file. */
  source: string;
  /** What Cedar got, and where it starts in the file (UTF-16). */
  text: string;
  offset: number;
  policy?: string;
}

export const cedar = loadCedar;

/** An error of Cedar's, and those it carries, as problems at their places in the file. */
export function problemsOf(
  error: DetailedError,
  piece: Piece,
  severity: Problem['severity'] = 'error',
): Problem[] {
  const [label] = error.sourceLocations ?? [];
  const offset = piece.offset + (label === undefined ? 0 : utf16Offset(piece.text, label.start));
  const expected = label?.label ?? undefined;
  const help = [expected, error.help ?? undefined].filter((part) => part !== undefined).join('; ');
  const problem: Problem = {
    severity,
    file: piece.file,
    ...positionAt(piece.source, offset),
    message: plainMessage(error.message),
    ...(help === '' ? {} : { help }),
    ...(piece.policy === undefined ? {} : { policy: piece.policy }),
  };
  return [problem, ...(error.related ?? []).flatMap((related) => problemsOf(related, piece, severity))];
}

/** Cedar says where it failed by the name of its own function; a reader has the file and the line. */
function plainMessage(message: string): string {
  return message
    .replace(/^failed to parse (policy|template|schema|policies)[^:]*: /, '')
    .replace(/^error parsing (policy|template|schema): /, '')
    .replace(/^for policy `[^`]*`, /, '');
}

/**
 * Runs a call into Cedar that may throw. After a WebAssembly trap the instance is of no use any more.
 *
 * @returns the answer, or why there is none
 */
export function guarded<T>(call: () => T): { answer: T } | { failure: 'too deep' | 'dead' } {
  try {
    return { answer: call() };
  } catch (error) {
    const { name } = error as Error;
    return { failure: name === 'RuntimeError' || name === 'RangeError' ? 'dead' : 'too deep' };
  }
}
