import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type KeyPair, makeAuthority, makeServerCertificate } from '../../../lambda/certificate/issue.ts';
import { DAY } from './world.ts';

const NOW = new Date('2026-03-01T12:00:00Z');

let authority: KeyPair;
let server: KeyPair;

beforeAll(async () => {
  authority = await makeAuthority(NOW);
  server = await makeServerCertificate(authority, ['api.pdp.internal', 'localhost'], NOW);
});

test('an authority is valid for ten years and a certificate for 90 days, from an hour before', () => {
  const dates = ({ certificate }: KeyPair) => {
    const { validFrom, validTo } = new X509Certificate(certificate);
    return [validFrom, validTo].map((date) => new Date(date).toISOString());
  };
  expect(dates(authority)).toEqual(['2026-03-01T11:00:00.000Z', '2036-02-27T12:00:00.000Z']);
  expect(dates(server)).toEqual(['2026-03-01T11:00:00.000Z', '2026-05-30T12:00:00.000Z']);
});

test('a certificate does not outlive its authority', async () => {
  const late = new Date('2036-02-01T00:00:00Z');
  const { certificate } = await makeServerCertificate(authority, ['localhost'], late);
  expect(new Date(new X509Certificate(certificate).validTo).toISOString()).toBe('2036-02-27T12:00:00.000Z');
});

test('each has keys, a number and a name of its own', async () => {
  const other = await makeAuthority(NOW);
  const [one, two] = [authority, other].map(({ certificate }) => new X509Certificate(certificate));
  expect(one?.subject).toMatch(/^CN=policy decision point authority [0-9a-f]{8}$/);
  expect(two?.subject).not.toBe(one?.subject);
  expect(two?.serialNumber).not.toBe(one?.serialNumber);
  expect(other.privateKey).not.toBe(authority.privateKey);
});

test('three authorities leave half of the environment of a function', () => {
  expect(3 * authority.certificate.length).toBeLessThan(2_048);
});

/** OpenSSL's own reading, which knows nothing of the library that wrote them. */
describe('OpenSSL', () => {
  async function openssl(args: (file: (name: string) => string) => string[]): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-certificate-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = (name: string) => join(directory, name);
    await writeFile(file('ca.pem'), authority.certificate);
    await writeFile(file('other.pem'), (await makeAuthority(NOW)).certificate);
    await writeFile(file('server.pem'), server.certificate);
    const run = promisify(execFile)('openssl', args(file));
    const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
    return `${stdout}${stderr}`;
  }

  const verify = (ca: string, days: number, ...more: string[]) =>
    openssl((file) => [
      ...['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file(ca)],
      ...['-attime', `${(NOW.getTime() + days * DAY) / 1000}`, ...more, file('server.pem')],
    ]);

  test.each([
    [
      'the names of the certificate',
      ['ca.pem', 0, '-verify_hostname', 'api.pdp.internal'],
      /server\.pem: OK/,
    ],
    ['its last day', ['ca.pem', 89], /server\.pem: OK/],
    ['the day after', ['ca.pem', 91], /certificate has expired/],
    ['another name', ['ca.pem', 0, '-verify_hostname', 'pdp.internal'], /hostname mismatch/],
    ['another authority', ['other.pem', 0], /unable to get local issuer certificate/],
    ['use as a client', ['ca.pem', 0, '-purpose', 'sslclient'], /unsuitable certificate purpose/],
  ] as const)('says of %s what it must', async (_what, [ca, days, ...more], says) => {
    expect(await verify(ca, days, ...more)).toMatch(says);
  });

  const extensions = async (name: string) =>
    (await openssl((file) => ['x509', '-in', file(name), '-noout', '-ext', `${EXTENSIONS}`]))
      .split('\n')
      .map((line) => line.trim())
      .join('\n');
  const EXTENSIONS = 'basicConstraints,keyUsage,extendedKeyUsage,subjectAltName';

  test('finds an authority that signs certificates, and none below it', async () => {
    expect(await extensions('ca.pem')).toBe(
      [
        'X509v3 Basic Constraints: critical',
        'CA:TRUE, pathlen:0',
        'X509v3 Key Usage: critical',
        'Certificate Sign, CRL Sign',
        '',
      ].join('\n'),
    );
  });

  test('finds a certificate for a server with its names, that signs nothing', async () => {
    expect(await extensions('server.pem')).toBe(
      [
        'X509v3 Basic Constraints: critical',
        'CA:FALSE',
        'X509v3 Key Usage: critical',
        'Digital Signature',
        'X509v3 Extended Key Usage:',
        'TLS Web Server Authentication',
        'X509v3 Subject Alternative Name:',
        'DNS:api.pdp.internal, DNS:localhost',
        '',
      ].join('\n'),
    );
  });
});
