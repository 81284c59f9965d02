import { lookup } from 'node:dns/promises';
import type { FastifyInstance } from 'fastify';
import { codeOf } from './errno.ts';

/** The address cannot be listened on. The message is one line that says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * @param option the one that the port is of, for the message
 * @throws ListenError
 */
export async function listen(
  app: FastifyInstance,
  host: string,
  port: number,
  option: '--port' | '--opa-port',
): Promise<void> {
  try {
    // One address: for a name with several, Fastify would open servers that limits and renewals do not reach.
    const { address } = await lookup(host);
    await app.listen({ host: address, port });
  } catch (error) {
    throw new ListenError(problemOf(codeOf(error), host, port, option), { cause: error });
  }
}

function problemOf(code: string | undefined, host: string, port: number, option: string): string {
  const off = option === '--opa-port' ? ' (--opa-port off goes without)' : '';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is already in use: stop what uses it, or choose another with ${option}${off}`;
    case 'EACCES':
      return `port ${port} on ${host} may not be listened on by this user: choose one above 1023 with ${option}${off}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `host '${host}' is not an address of this machine: choose another with --host`;
    default:
      return `cannot listen on ${host} port ${port}: ${code ?? 'it failed'}`;
  }
}
