import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ConfigurationError, InvalidRequestError } from '../../engine/index.ts';
import { sendError } from '../http/errors.ts';
import { CONFIGURATION_PATH, ENDPOINTS } from './endpoints.ts';
import { DISCOVERY_ROUTE } from './schemas.ts';

/** A host name or address with an optional port, and nothing that could change what a URL means. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * The metadata of AuthZEN 1.0, section 9. Without a public URL it names the host that the request was sent to.
 * The standard asks for `https`; a PDP that serves plain HTTP says so in its URLs rather than claim TLS.
 *
 * @param publicUrl as {@link parsePublicUrl} returns it
 */
export function discoveryRoute(app: FastifyInstance, publicUrl: string | undefined): void {
  app.get(CONFIGURATION_PATH, { schema: DISCOVERY_ROUTE }, (request, reply) =>
    reply.send(metadata(publicUrl ?? requestedUrl(request))),
  );
  if (publicUrl === undefined) return;
  // An identifier with a path has its metadata at the well-known path followed by its own.
  const { pathname } = new URL(publicUrl);
  if (pathname === '/') return;
  app.get(`${CONFIGURATION_PATH}/*`, { schema: DISCOVERY_ROUTE }, (request, reply) => {
    const suffix = (request.params as { '*': string })['*'];
    if (`/${suffix}` !== pathname) return sendError(reply, 404, 'not found');
    return reply.send(metadata(publicUrl));
  });
}

/**
 * Checks a base URL and takes the trailing slash off.
 *
 * @throws ConfigurationError
 */
export function parsePublicUrl(text: string): string {
  const problem = (what: string) => new ConfigurationError(`--public-url '${text}' ${what}`);
  if (!URL.canParse(text)) throw problem('is not a URL; write it like https://pdp.example.com');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw problem('must begin with https:// or http://');
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError('--public-url must not hold a user or a password');
  }
  if (url.search !== '' || url.hash !== '') throw problem('must not have a query or a fragment');
  return url.href.replace(/\/+$/, '');
}

function metadata(base: string): Record<string, string> {
  const endpoints = Object.entries(ENDPOINTS).map(([name, path]) => [name, `${base}${path}`]);
  return { policy_decision_point: base, ...Object.fromEntries(endpoints) };
}

function requestedUrl({ headers, socket }: FastifyRequest): string {
  const { host } = headers;
  if (host === undefined || !HOST.test(host)) throw new InvalidRequestError('Host', 'must be a host name');
  return `${(socket as TLSSocket).encrypted === true ? 'https' : 'http'}://${host}`;
}
