import type { FastifyContextConfig, preValidationHookHandler } from 'fastify';
import type { Authenticate } from '../http/authentication.ts';
import { refuse } from './answers.ts';

/**
 * `checkAllTenants` of Permit's Node SDK puts its headers into the body, and sends none of them. With this a route
 * takes the key from there: a caller without a header gets as far as having its body read, and no further.
 */
export function keyInBody(authenticate: Authenticate): {
  config: FastifyContextConfig;
  preValidation: preValidationHookHandler;
} {
  return {
    config: { lateKey: true },
    preValidation: (request, reply, done) => {
      if (authenticate(request.headers).ok) return done();
      const caller = authenticate(headersIn(request.body));
      if (caller.ok) return done();
      refuse(reply, caller);
    },
  };
}

function headersIn(body: unknown): { authorization?: string } {
  const { headers } = (body ?? {}) as { headers?: { Authorization?: unknown } | null };
  const authorization = headers?.Authorization;
  return typeof authorization === 'string' ? { authorization } : {};
}
