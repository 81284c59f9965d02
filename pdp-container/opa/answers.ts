import type { FastifyReply } from 'fastify';
import type { ErrorBody } from '../http/errors.ts';

/** Codes that OPA's REST API has for errors. */
export type OpaErrorCode =
  | 'internal_error'
  | 'invalid_operation'
  | 'invalid_parameter'
  | 'resource_not_found'
  | 'unauthorized'
  | 'undefined_document';

/** Every other status is one of a request that is wrong. */
const CODES: Readonly<Record<number, OpaErrorCode>> = {
  401: 'unauthorized',
  404: 'resource_not_found',
  405: 'invalid_operation',
  500: 'internal_error',
  501: 'invalid_operation',
  503: 'internal_error',
};

/** An error as OPA shapes it, with the code that OPA has for its status. */
export const opaErrorBody: ErrorBody = (status, message) =>
  JSON.stringify({ code: CODES[status] ?? 'invalid_parameter', message });

/** For an error whose code does not follow from its status. */
export function sendOpaError(
  reply: FastifyReply,
  status: number,
  code: OpaErrorCode,
  message: string,
): FastifyReply {
  return reply.code(status).type('application/json').send(JSON.stringify({ code, message }));
}
