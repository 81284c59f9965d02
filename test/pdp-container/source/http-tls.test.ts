import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { startBundleServer } from '../support/bundle-server.ts';
import { whenDone } from '../support/bundles.ts';
import { certificate, certificateFiles } from '../support/certificates.ts';

/** Fetches in a process of its own: authorities are read when Node starts. */
const FETCH = `
  const { httpSource } = await import(process.argv[1]);
  const source = httpSource(process.argv[2], { limits: { archiveBytes: 1000, fetchMs: 20000 } });
  const fetched = await source.fetch(undefined, new AbortController().signal).catch((error) => error);
  console.log(fetched instanceof Error ? fetched.message : Buffer.from(fetched.archive).toString('hex'));
  source.close();
`;

/** What it says, in a process with these variables: the archive in hexadecimal, or why there is none. */
async function fetched(url: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = new URL('../../../pdp-container/source/http-source.ts', import.meta.url).href;
  const args = ['--input-type=module', '--eval', FETCH, program, url];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return stdout.trim();
}

it('takes a certificate of an authority of NODE_EXTRA_CA_CERTS, and of no other', async () => {
  const tls = await certificate();
  const server = await startBundleServer({ tls });
  whenDone(() => server.close());
  const archive = gzipSync('one');
  server.publish(archive);
  const trusting = { NODE_EXTRA_CA_CERTS: (await certificateFiles(tls)).cert };
  expect(await fetched(server.url, trusting)).toBe(archive.toString('hex'));
  expect(await fetched(server.url)).toBe(
    'its certificate is of an authority that is not trusted here; NODE_EXTRA_CA_CERTS names more (DEPTH_ZERO_SELF_SIGNED_CERT)',
  );
  const other = server.url.replace('127.0.0.1', 'localhost');
  expect(await fetched(other, trusting)).toBe(
    'its certificate is for another host name (ERR_TLS_CERT_ALTNAME_INVALID)',
  );
  // To plain HTTP it does not go from here.
  server.redirect('/latest', 'http://127.0.0.1:1/bundle.tar.gz');
  expect(await fetched(`${server.origin}/latest`, trusting)).toBe(
    'it redirects to an address that is not https',
  );
});

it('goes through the tunnel of a proxy, when one is named', async () => {
  const tls = await certificate();
  const server = await startBundleServer({ tls });
  whenDone(() => server.close());
  const archive = gzipSync('one');
  server.publish(archive);
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const to = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      to.pipe(socket).pipe(to);
    });
    for (const end of [to, socket]) end.on('error', () => {});
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  whenDone(async () => void proxy.close());
  const env = {
    NODE_EXTRA_CA_CERTS: (await certificateFiles(tls)).cert,
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NO_PROXY: '',
  };
  expect(await fetched(server.url, env)).toBe(archive.toString('hex'));
  expect(tunnels).toEqual([new URL(server.url).host]);
  expect(await fetched(server.url, { ...env, NO_PROXY: '127.0.0.1' })).toBe(archive.toString('hex'));
  expect(tunnels).toHaveLength(1);
});
