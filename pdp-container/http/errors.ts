import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
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
 * What a caller is told of an error: a client's mistake as it is, of a mistake of ours nothing but that there was one,
 * for the log has the rest.
 */
export type TellError = (error: unknown, requestId: string) => { status: number; message: string };

export function tellErrors(logger: Logger, bodyBytes: number): TellError {
  return (thrown, requestId) => {
    if (thrown instanceof PdpError && (thrown.statusCode < 500 || thrown instanceof PdpUnavailableError)) {
      return { status: thrown.statusCode, message: thrown.message };
    }
    const error = thrown as Error & { code?: string; statusCode?: number };
    switch (error.code) {
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      case 'FST_ERR_CTP_EMPTY_TYPE':
        // AuthZEN has no 415: section 11.2 of the standard answers 400.
        return { status: 400, message: 'Content-Type must be application/json' };
      case 'FST_ERR_CTP_BODY_TOO_LARGE':
        return { status: 413, message: `body: is larger than ${bodyBytes} bytes` };
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return { status, message: STATUS_CODES[status] ?? 'Bad Request' };
    logger.error({ requestId, err: error }, 'request failed');
    return { status: 500, message: 'internal error' };
  };
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
