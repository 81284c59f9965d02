import type { FastifyReply } from 'fastify';
import { stringifyJson } from '../../engine/lossless-json.ts';

/** Sends values that may have integers beyond 2^53 - 1. @param pretty on lines of their own, for people */
export function sendJson(reply: FastifyReply, body: unknown, pretty = false): FastifyReply {
  return reply.type('application/json').send(stringifyJson(body, pretty ? 2 : undefined));
}
