import type { Decision } from '../../engine/contract.ts';

/** The part of a middleware that an error is about, as middy's own errors have it in `cause`. */
const PACKAGE = 'serverless-pdp';

/**
 * Why a handler was not run. In the style of middy's `createError`: `statusCode` and `expose` say what
 * `@middy/http-error-handler` makes of it, `headers` are added to its response, and the message is fit for the
 * caller. What went wrong inside is in `cause`, for the log.
 */
export abstract class AuthorizationError extends Error {
  abstract readonly statusCode: 400 | 401 | 403 | 503;
  /**
   * The message may be shown. True for the 503 too, whose message says nothing of the inside:
   * `@middy/http-error-handler` would turn an error that it may not show into a 500.
   */
  readonly expose = true;
  readonly headers: Readonly<Record<string, string>> = { 'Cache-Control': 'no-store' };

  get status(): number {
    return this.statusCode;
  }
}

/** The request does not say what is asked for. The message names the field, and never what is in it. */
export class BadRequestError extends AuthorizationError {
  override readonly name = 'BadRequestError';
  readonly statusCode = 400;

  constructor(problem: string) {
    super(problem, { cause: { package: PACKAGE } });
  }
}

/** There is no subject: the caller is not authenticated. */
export class UnauthorizedError extends AuthorizationError {
  override readonly name = 'UnauthorizedError';
  readonly statusCode = 401;
  override readonly headers = { 'Cache-Control': 'no-store', 'WWW-Authenticate': 'Bearer' };

  constructor() {
    super('Unauthorized', { cause: { package: PACKAGE } });
  }
}

/** The PDP's decision is a deny. */
export class ForbiddenError extends AuthorizationError {
  override readonly name = 'ForbiddenError';
  readonly statusCode = 403;
  // Out of the sight of whoever logs or serializes the error.
  readonly #decision: Decision | undefined;

  constructor(decision?: Decision) {
    super('Forbidden', { cause: { package: PACKAGE } });
    this.#decision = decision;
  }

  /** The PDP's answer with its reasons, which are not the caller's to know; none when nobody needed to be asked. */
  get decision(): Decision | undefined {
    return this.#decision;
  }
}

/** There is no decision, so nobody passes. `cause` says why. */
export class ServiceUnavailableError extends AuthorizationError {
  override readonly name = 'ServiceUnavailableError';
  readonly statusCode = 503;

  constructor(cause: unknown) {
    super('Service Unavailable', { cause });
  }
}

/** Whether what an extractor threw says that the caller is at fault. */
export function isClientError(error: unknown): error is Error & { statusCode: number } {
  const status = error instanceof Error ? (error as { statusCode?: unknown }).statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}
