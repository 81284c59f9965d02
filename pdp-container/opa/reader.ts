import { InvalidRequestError } from '../../engine/index.ts';
import type { OpaCall, OpaDocument } from './documents.ts';
import { type DocumentPath, isWithin, referenceOf, select } from './path.ts';

/** What is at a path. Of nothing, `is` says in OPA's words how that is so. */
export type Found = { value: unknown } | { value: undefined; is: 'missing' | 'undefined' };

/** Finds what a path names, in a document's value or below it. */
export class DocumentReader {
  readonly #documents: readonly OpaDocument[];

  constructor(documents: readonly OpaDocument[]) {
    this.#documents = documents;
  }

  /**
   * @param input without one every document is undefined: nothing is asked
   * @throws InvalidRequestError when the input is not what the document takes, or the path is one above documents
   */
  async read(path: DocumentPath, input: unknown, call: OpaCall): Promise<Found> {
    const document = this.#documents.find((document) => isWithin(path, document.path));
    if (document === undefined) {
      this.#refuseWhole(path);
      return { value: undefined, is: 'missing' };
    }
    if (input === undefined || input === null) return { value: undefined, is: 'undefined' };
    const value = select(await document.evaluate(input, call), path.slice(document.path.length));
    return value === undefined ? { value, is: 'missing' } : { value };
  }

  /** Documents take inputs of their own: one input does not do for all of them. */
  #refuseWhole(path: DocumentPath): void {
    const below = this.#documents.filter((document) => isWithin(document.path, path));
    if (below.length === 0) return;
    const paths = below.map((document) => document.path.join('/')).join(', ');
    throw new InvalidRequestError(
      '',
      `${referenceOf(path)} cannot be had as a whole: ask for one of ${paths}`,
    );
  }
}
