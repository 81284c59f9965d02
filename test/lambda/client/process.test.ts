import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { answer, serve } from '../servers.ts';

const CLIENT = new URL('../../../lambda/client/index.ts', import.meta.url).href;

test('nothing of the client keeps a process alive once it has its answer', async () => {
  const server = await serve((_, response) => answer(response, 200, { decision: true }));
  const script = `
    const { createPdpClient } = await import(${JSON.stringify(CLIENT)});
    const pdp = createPdpClient({ url: ${JSON.stringify(server.url)}, timeoutMs: 1_000_000, attemptTimeoutMs: 1_000_000 });
    const signal = new AbortController().signal;
    const request = { subject: { type: 'User', id: 'a' }, action: { name: 'b' }, resource: { type: 'C', id: 'd' } };
    console.log(JSON.stringify(await pdp.evaluate(request, { signal })));
  `;
  // The process ends by itself, or the time-out of this test ends it.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
  });
  expect(stdout).toBe('{"decision":true}\n');
});
