/**
 * The container's own health check: asks `/healthcheck` of the server beside it and exits 0 when it answers 200,
 * 1 otherwise. Reads the server's own variables: `PDP_PORT` (7000), `PDP_HOST` and `PDP_TLS_CERT`.
 */
import { request as http } from 'node:http';
import { request as https } from 'node:https';

const { PDP_PORT = '7000', PDP_HOST = '', PDP_TLS_CERT = '' } = process.env;
const everywhere = ['', '0.0.0.0', '::'];
const options = {
  host: everywhere.includes(PDP_HOST) ? '127.0.0.1' : PDP_HOST,
  port: PDP_PORT,
  path: '/healthcheck',
  // The answer is one bit from this very container, and its certificate names the service, not this address.
  rejectUnauthorized: false,
  signal: AbortSignal.timeout(3_000),
};

const fail = (reason: string): void => {
  console.error(`not healthy: ${reason}`);
  process.exitCode = 1;
};

(PDP_TLS_CERT === '' ? http : https)(options, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
})
  .on('error', (error) => fail(error.message))
  .end();
