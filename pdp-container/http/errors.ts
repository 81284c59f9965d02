import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { PdpError, PdpUnavailableError } from '../../engine/index.ts';

/** Seconds after which a caller that got a 503 may try again. */
export const RETRY_AFTER = '1';

/** How one port words an error, as JSON. */
export type ErrorBody = (status: number, message: string) => string;

declare module 'fastify' {
  interface FastifyInstance {
    errorBody: ErrorBody;
  }
}

/** The body of every error answer of the main port. */
export const errorBody: ErrorBody = (status, message) => JSON.stringify({ error: { status, message } });

export function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER);
  return reply.code(status).type('application/json').send(reply.server.errorBody(status, message));
}

/**
 * Answers what handlers throw. A client's mistake is told to it; of a mistake of ours it learns nothing but that
 * there was one, and the log has the rest.
 */
export function answerErrors(app: FastifyInstance, logger: Logger, bodyBytes: number): void {
  app.setErrorHandler((error: Error & { code?: string; statusCode?: number }, request, reply) => {
    if (error instanceof PdpError && (error.statusCode < 500 || error instanceof PdpUnavailableError)) {
      return sendError(reply, error.statusCode, error.message);
    }
    switch (error.code) {
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      case 'FST_ERR_CTP_EMPTY_TYPE':
        // AuthZEN has no 415: section 11.2 of the standard answers 400.
        return sendError(reply, 400, 'Content-Type must be application/json');
      case 'FST_ERR_CTP_BODY_TOO_LARGE':
        return sendError(reply, 413, `body: is larger than ${bodyBytes} bytes`);
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return sendError(reply, status, STATUS_CODES[status] ?? 'Bad Request');
    logger.error({ requestId: request.id, err: error }, 'request failed');
    return sendError(reply, 500, 'internal error');
  });
}

const CLIENT_ERRORS: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is not even a request, in the same form, and lets the connection go. */
export function answerClientError(error: Error & { code?: string }, socket: Socket, form: ErrorBody): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = CLIENT_ERRORS[error.code ?? ''] ?? 400;
  const body = form(status, STATUS_CODES[status] ?? 'Bad Request');
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
