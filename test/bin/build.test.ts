import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readTarGz } from '../../engine/archive.ts';
import { readManifest } from '../../engine/read-built.ts';
import { parseVerificationKeys, verifySignature } from '../../engine/signature.ts';
import { directoryOf } from '../bundles.ts';
import { runPdp } from './run-pdp.ts';

const PDP = resolve(import.meta.dirname, '../../bin/pdp.ts');

const BUNDLE: Record<string, string> = {
  'a.cedar': '@id("a") permit(principal, action, resource);',
  'B.cedar': '@id("b") forbid(principal, action, resource) when { principal == resource };',
  'policies/ä.cedar': '@id("ä") permit(principal, action, resource);',
  'entities/z.json': '[]',
  'entities/a.json': JSON.stringify([{ uid: { type: 'U', id: 'z' }, attrs: {}, parents: [] }]),
};

const reversed = Object.fromEntries(Object.entries(BUNDLE).reverse());

const manifestOf = (files: Map<string, Uint8Array>) =>
  readManifest((path) => new TextDecoder().decode(files.get(path)));

it('gives the same bytes whatever the time zone, locale, umask and folder, and order of the files', async () => {
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const build = async (contents: Record<string, string>, umask: string, env: Record<string, string>) => {
    const directory = await directoryOf(contents);
    const output = join(directory, 'out.tar.gz');
    const child = spawn(
      '/bin/sh',
      ['-c', `umask ${umask}; exec "$0" "$@"`, process.execPath, PDP, 'build', '.', '-o', output],
      {
        cwd: directory,
        env: { PATH: process.env.PATH, PDP_SIGN_KEY: key, ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    expect(await once(child, 'close')).toEqual([0, null]);
    return readFile(output);
  };
  const [one, other] = await Promise.all([
    build(BUNDLE, '022', { TZ: 'Pacific/Auckland', LANG: 'C', LC_ALL: 'C' }),
    build(reversed, '077', { TZ: 'America/Los_Angeles', LANG: 'sv_SE.UTF-8', LC_ALL: 'sv_SE.UTF-8' }),
  ]);
  expect(one.equals(other)).toBe(true);
  // Neither a time nor the system it was written on (RFC 1952).
  expect([...one.subarray(4, 8), one[9]]).toEqual([0, 0, 0, 0, 255]);
});

it('writes the sequence and signature that it is told to', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const directory = await directoryOf(BUNDLE);
  const [key, output] = [join(directory, 'key.pem'), join(directory, 'out.tar.gz')];
  await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const args = ['build', directory, '-o', output, '--sequence', '7', '--sign-key', key];
  expect(await runPdp(args)).toMatchObject({ code: 0, stderr: '' });
  const files = await readTarGz(await readFile(output));
  expect(manifestOf(files).sequence).toBe(7);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await verifySignature(files, await parseVerificationKeys(pem));
});

/** A key as variables of CI have it: the PEM in base64. */
const SECRET = Buffer.from('-----BEGIN PRIVATE KEY-----').toString('base64');

it.each([
  [['--sequence', '0'], 'It must be a whole number from 1 to 9007199254740991.'],
  [['--sequence', '1.5'], 'It must be a whole number'],
  [
    ['--sign-key', SECRET],
    'pdp: --sign-key: it is not PEM text, and no file of that name can be read (ENOENT)\n',
  ],
  [['--sign-key', 'arn:aws:s3:::bucket'], 'is not the ARN of a KMS key or alias'],
])('refuses %j and writes nothing', async (args, message) => {
  const directory = await directoryOf(BUNDLE);
  const output = join(directory, 'out.tar.gz');
  const outcome = await runPdp(['build', directory, '-o', output, ...args]);
  expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  expect(outcome.stderr).not.toContain(SECRET);
  await expect(readFile(output)).rejects.toThrow('ENOENT');
});
