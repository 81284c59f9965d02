import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidRequestError } from '../../engine/index.ts';
import { parseKeys } from '../../engine/json-keys.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether JSON text nests objects and arrays deeper than the limit. It reads the bytes once, before anything is
 * built from them, so that a hostile body costs no more than its length.
 */
export function nestsDeeperThan(limit: number, json: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
    }
  }
  return false;
}

/**
 * @param path what an error names it
 * @throws InvalidRequestError when the text is empty, nests too deep or is not JSON in UTF-8
 */
export function parseJsonBody(body: Buffer, maxDepth: number, path = 'body'): unknown {
  if (body.length === 0) throw emptyBody(path);
  if (nestsDeeperThan(maxDepth, body)) {
    throw new InvalidRequestError(path, `nests deeper than ${maxDepth} levels`);
  }
  if (!isUtf8(body)) throw new InvalidRequestError(path, 'is not UTF-8');
  try {
    // `__proto__` becomes an ordinary own property here; of repeated keys the last one counts.
    return parseKeys(body.toString('utf8'));
  } catch {
    throw new InvalidRequestError(path, 'is not valid JSON');
  }
}

/** The body of a POST. @throws InvalidRequestError when none was sent */
export function bodyOf({ body }: Pick<FastifyRequest, 'body'>): unknown {
  if (body === undefined) throw emptyBody();
  return body;
}

function emptyBody(path = 'body'): InvalidRequestError {
  return new InvalidRequestError(path, 'is empty; send a JSON object');
}

/** Accepts `application/json` and no other content type. */
export function acceptJson(app: FastifyInstance, maxDepth: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body, maxDepth));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** For routes of a scope to which a body says nothing: whatever is sent is left aside. */
export function ignoreBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
}
