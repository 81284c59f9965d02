import { generate } from 'selfsigned';

export interface TestCertificates {
  /** The authority, PEM. */
  ca: string;
  /** A server's key and certificate, signed by that authority. */
  server: { key: string; cert: string };
}

/**
 * A new certificate authority and a certificate from it.
 *
 * @param hostname what the certificate is for, beside 127.0.0.1
 */
export async function certificates(hostname = 'api.pdp.internal'): Promise<TestCertificates> {
  const authority = await generate([{ name: 'commonName', value: 'Test CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'pdp' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: hostname },
        ],
      },
    ],
  });
  return { ca: authority.cert, server: { key: server.private, cert: server.cert } };
}
