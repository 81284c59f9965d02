import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import type { createHandler } from '../../lambda/certificate/handler.ts';
import { createPdpClient } from '../../lambda/client/index.ts';
import { world } from '../lambda/certificate/world.ts';

/** What a stack does, without AWS: the function as it is deployed, the command with its secrets, a function's client. */

const ROOT = new URL('../../', import.meta.url).pathname;
const KEY = 'key-of-the-application';
const REQUEST = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(secret: { certificate: string; privateKey: string }) {
  const child = spawn(process.execPath, ['bin/pdp.ts', 'serve', 'pdp-container/policies', '--port', '0'], {
    cwd: ROOT,
    env: {
      ...process.env,
      PDP_API_KEY: KEY,
      PDP_TLS_CERT: secret.certificate,
      PDP_TLS_KEY: secret.privateKey,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  stops.push(() => {
    child.kill('SIGINT');
    return ended;
  });
  const output: string[] = [];
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    output.push(line);
    url = /"url":"([^"]+)"/.exec(line)?.[1] ?? url;
    if (line.includes('"revision active"')) break;
  }
  return { port: new URL(url).port, output };
}

/** The container's own health check, beside the server. */
async function healthCheck(port: string, certificate: string): Promise<number> {
  const env = { PDP_PORT: port, PDP_TLS_CERT: certificate };
  const child = spawn(process.execPath, ['pdp-container/healthcheck.ts'], { cwd: ROOT, env });
  const [code] = await once(child, 'close');
  return code;
}

function client(url: string, ca: string): PolicyDecisionPoint {
  const pdp = createPdpClient({ url, ca, apiKey: KEY, timeoutMs: 20_000, attemptTimeoutMs: 20_000 });
  stops.push(async () => pdp.close());
  return pdp;
}

test('a caller that trusts the stack gets decisions from its server, and none from another', async () => {
  const packed = '../../build/functions/certificate/index.mjs';
  const deployed: { createHandler: typeof createHandler } = await import(packed);
  const stack = await world(0, deployed.createHandler);
  await stack.deploy({}, { RequestType: 'Create' });
  const { port, output } = await serve(stack.server());
  expect(await healthCheck(port, stack.server().certificate)).toBe(0);

  const url = `https://localhost:${port}`;
  expect(await client(url, stack.trusted()).evaluate(REQUEST)).toMatchObject({ decision: true });

  const other = await world(0, deployed.createHandler);
  await other.deploy({}, { RequestType: 'Create' });
  const unavailable = { name: 'PdpUnavailableError' };
  await expect(client(url, other.trusted()).evaluate(REQUEST)).rejects.toMatchObject(unavailable);
  // The address is not a name of the certificate.
  const byAddress = client(`https://127.0.0.1:${port}`, stack.trusted());
  await expect(byAddress.evaluate(REQUEST)).rejects.toMatchObject(unavailable);
  expect(output.join()).not.toContain('BEGIN');
});
