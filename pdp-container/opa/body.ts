import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import { InvalidRequestError } from '../../engine/index.ts';
import { codeOf } from '../errno.ts';
import { parseJsonBody } from '../http/json-body.ts';
import type { Limits } from '../options.ts';

const unzip = promisify(gunzip);

/**
 * Reads bodies as OPA does: JSON whatever `Content-Type` says, plain or in gzip; an empty one is `undefined`. YAML,
 * which OPA takes too, is refused.
 */
export function acceptOpaBodies(app: FastifyInstance, { bodyBytes, jsonDepth }: Limits): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    '*',
    { parseAs: 'buffer' },
    async ({ headers }: FastifyRequest, sent: Buffer) => {
      if (headers['content-type']?.includes('yaml')) {
        throw new InvalidRequestError('Content-Type', 'must be application/json; YAML is not supported');
      }
      const body = await decoded(sent, headers['content-encoding'], bodyBytes);
      return body.length === 0 ? undefined : parseJsonBody(body, jsonDepth);
    },
  );
}

/** @throws InvalidRequestError, or Fastify's error for a body that is too large once unzipped */
async function decoded(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding.toLowerCase() === 'identity' || body.length === 0) return body;
  if (encoding.toLowerCase() !== 'gzip')
    throw new InvalidRequestError('Content-Encoding', 'must be gzip, or not be there');
  try {
    return await unzip(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
    throw new InvalidRequestError('body', 'is not in gzip, as Content-Encoding says');
  }
}
