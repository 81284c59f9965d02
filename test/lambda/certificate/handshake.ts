import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';

/**
 * A real TLS handshake on loopback: `ok`, or the code of the client's refusal.
 *
 * @param trusted what the client trusts, PEM
 * @param servername the name it asks for
 */
export async function handshake(
  server: { certificate: string; privateKey: string },
  trusted: string,
  servername = 'localhost',
): Promise<string> {
  const listener = createServer({ cert: server.certificate, key: server.privateKey, minVersion: 'TLSv1.2' });
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca: trusted, servername });
  try {
    await once(socket, 'secureConnect');
    return 'ok';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
    listener.close();
  }
}
