import { InvalidRequestError } from '../../engine/index.ts';

/** What the query string of a read asks for beside the document. */
export interface ReadParameters {
  /** The text of `?input=`. */
  input: string | undefined;
  pretty: boolean;
  provenance: boolean;
  metrics: boolean;
}

/** Values of `explain` that ask for a trace; every other one asks for none. */
const EXPLAINS = new Set(['notes', 'fails', 'full', 'debug']);

export function queryOf(url: string): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}

/** As OPA reads it: there without a value, or `true` in any case. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const values = query.getAll(name);
  return (values.length === 1 && values[0] === '') || values.some((value) => value.toLowerCase() === 'true');
}

/**
 * Parameters that are not known are left aside, as OPA does.
 *
 * @throws InvalidRequestError for one that asks for what there is not
 */
export function parseParameters(query: URLSearchParams): ReadParameters {
  if (query.getAll('explain').some((value) => EXPLAINS.has(value))) {
    throw new InvalidRequestError(
      'explain',
      'is not supported: Cedar leaves no trace; cedar/reasons has the policies that decided',
    );
  }
  if (isSet(query, 'strict-builtin-errors')) {
    throw new InvalidRequestError(
      'strict-builtin-errors',
      'is not supported: cedar/errors has the policies that erred and so did not apply',
    );
  }
  return {
    input: query.getAll('input').at(-1),
    pretty: isSet(query, 'pretty'),
    provenance: isSet(query, 'provenance'),
    metrics: isSet(query, 'metrics') || isSet(query, 'instrument'),
  };
}
