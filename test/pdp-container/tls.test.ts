import { writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { serve } from '../../pdp-container/serve.ts';
import { bundleDirectory, CERTIFICATION } from './support/bundles.ts';
import { certificate, certificateFiles } from './support/certificates.ts';
import { call } from './support/client.ts';
import { startServer } from './support/server.ts';

test('a client that trusts the certificate is answered, another is not', async () => {
  const made = await certificate();
  const { url } = await startServer({ tls: await certificateFiles(made) });
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect((await call(url, '/ready', { options: { ca: made.cert } })).status).toBe(200);
  await expect(call(url, '/ready')).rejects.toThrow('self-signed certificate');
  await expect(call(url.replace('https:', 'http:'), '/ready')).rejects.toThrow();
});

test('TLS 1.1 is refused', async () => {
  const made = await certificate();
  const { url } = await startServer({ tls: await certificateFiles(made) });
  const handshake = new Promise((_resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect({
      host: hostname,
      port: Number(port),
      ca: made.cert,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    socket.on('error', reject);
    socket.on('secureConnect', () => reject(new Error('it was accepted')));
  });
  await expect(handshake).rejects.toThrow(/protocol version|EPROTO/);
});

test('a renewed certificate is taken into use; one that is not good is not', async () => {
  const old = await certificate();
  const files = await certificateFiles(old);
  const server = await startServer({ tls: files });

  await writeFile(files.cert, 'not a certificate');
  expect(await server.logged('certificate not renewed')).toMatchObject({
    level: 'error',
    problem: expect.stringContaining('must be a certificate and its private key, in PEM'),
  });
  expect((await call(server.url, '/ready', { options: { ca: old.cert } })).status).toBe(200);

  const renewed = await certificate();
  await writeFile(files.key, renewed.key);
  await writeFile(files.cert, renewed.cert);
  await server.logged('certificate renewed');
  expect((await call(server.url, '/ready', { options: { ca: renewed.cert } })).status).toBe(200);
  await expect(call(server.url, '/ready', { options: { ca: old.cert } })).rejects.toThrow();
});

test('files that are not a certificate and its key are refused by name', async () => {
  const source = await bundleDirectory(CERTIFICATION);
  const start = (tls: { cert: string; key: string }) =>
    serve({ source, port: 0, tls, log: { write() {} } }).then(({ close }) => close());
  const files = await certificateFiles(await certificate());
  const others = await certificateFiles(await certificate());
  const pair = "' must be a certificate and its private key, in PEM";
  await expect(start({ ...files, key: others.key })).rejects.toThrow(pair);
  await expect(start({ cert: files.key, key: files.cert })).rejects.toThrow(pair);
  await expect(start({ ...files, cert: `${files.cert}.nope` })).rejects.toThrow(
    `--tls-cert '${files.cert}.nope' cannot be read: it does not exist`,
  );
  await expect(start({ ...files, key: source })).rejects.toThrow(
    /^--tls-key \(a file\) cannot be read: it is a directory$/,
  );
});

test('certificate and key may be given as the text itself', async () => {
  const { cert, key } = await certificate();
  const { url } = await startServer({ tls: { cert, key } });
  expect((await call(url, '/ready', { options: { ca: cert } })).status).toBe(200);
});

test('of a text and a file the file is watched', async () => {
  const made = await certificate();
  const files = await certificateFiles(made);
  const server = await startServer({ tls: { cert: files.cert, key: made.key } });
  await writeFile(files.cert, 'not a certificate');
  expect(await server.logged('certificate not renewed')).toMatchObject({
    problem: `--tls-cert '${files.cert}' and --tls-key (PEM text) must be a certificate and its private key, in PEM`,
  });
});

test('a text that is no certificate, or not its key, is refused without being shown', async () => {
  const source = await bundleDirectory(CERTIFICATION);
  const start = (tls: { cert: string; key: string }) =>
    serve({ source, port: 0, tls, log: { write() {} } }).then(({ close }) => close());
  const { cert, key } = await certificate();
  const pair =
    '--tls-cert (PEM text) and --tls-key (PEM text) must be a certificate and its private key, in PEM';
  await expect(start({ cert, key: (await certificate()).key })).rejects.toMatchObject({ message: pair });
  await expect(start({ cert, key: `"${key}"`.replaceAll('\n', '\\n') })).rejects.toMatchObject({
    message: pair,
  });
  await expect(start({ cert, key: key.replace(/^-+BEGIN.*\n/, '') })).rejects.toMatchObject({
    message: pair,
  });
});
