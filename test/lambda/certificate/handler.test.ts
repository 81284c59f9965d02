import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { handshake } from './handshake.ts';
import { world } from './world.ts';

test('a new stack gets an authority to trust and the server a certificate of it', async () => {
  const { deploy, server, trusted, authority, aws } = await world();
  const answer = await deploy({ ServerNames: ['localhost', 'api.pdp.internal'] }, 'Create');
  expect(answer).toEqual({
    Status: 'SUCCESS',
    PhysicalResourceId: authority.name,
    StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Pdp/1',
    RequestId: 'request-0',
    LogicalResourceId: 'Certificate',
    Data: { CertificateAuthority: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/) },
  });
  expect(aws.answerHeaders['content-type']).toBeUndefined();
  expect(await handshake(server.value(), trusted())).toBe('ok');
  expect(await handshake(server.value(), trusted(), 'api.pdp.internal')).toBe('ok');
  expect(await handshake(server.value(), trusted(), 'other.pdp.internal')).toBe(
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
  expect(new X509Certificate(server.value().certificate).subjectAltName).toBe(
    'DNS:localhost, DNS:api.pdp.internal',
  );
});
