import { execFile } from 'node:child_process';
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

it('takes a certificate of an authority of NODE_EXTRA_CA_CERTS, and of no other', async () => {
  const tls = await certificate();
  const server = await startBundleServer({ tls });
  whenDone(() => server.close());
  const archive = gzipSync('one');
  server.publish(archive);
  const fetched = async (url: string, env: NodeJS.ProcessEnv = {}) => {
    const program = new URL('../../../pdp-container/source/http-source.ts', import.meta.url).href;
    const args = ['--input-type=module', '--eval', FETCH, program, url];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
    return stdout.trim();
  };
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
