import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { certificates, type TestCertificates } from '../certificates.ts';
import { answer, serve } from '../servers.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

describe('over TLS', () => {
  let trusted: TestCertificates;
  let other: TestCertificates;

  beforeAll(async () => {
    [trusted, other] = await Promise.all([certificates(), certificates()]);
  });

  async function ask(options: { ca?: string | Uint8Array }, respond = 200) {
    const server = await serve(
      ({ connection }, response) => answer(response, connection === 1 ? respond : 200, { decision: true }),
      trusted.server,
    );
    const pdp = createPdpClient({
      url: server.url,
      timeoutMs: 5_000,
      attemptTimeoutMs: 5_000,
      apiKey: 'key',
      ...options,
    });
    onTestFinished(() => pdp.close());
    return { server, decision: pdp.evaluate(REQUEST) };
  }

  test('a server with a certificate of the given authority is believed', async () => {
    const { server, decision } = await ask({ ca: trusted.ca });
    expect(await decision).toEqual({ decision: true });
    expect(server.received).toHaveLength(1);
  });

  test('the authority may be bytes, and holds for the second attempt too', async () => {
    const { server, decision } = await ask({ ca: Buffer.from(trusted.ca) }, 503);
    expect(await decision).toEqual({ decision: true });
    expect(server.received.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test.each([
    ['another authority', () => other.ca],
    ['no authority of ours', () => undefined],
  ])('with %s the server is not believed and learns nothing', async (_name, ca) => {
    const pem = ca();
    const { server, decision } = await ask(pem === undefined ? {} : { ca: pem });
    await expect(decision).rejects.toMatchObject({ name: 'PdpUnavailableError' });
    expect(server.received).toHaveLength(0);
  });
});
