import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { serveCommand } from '../../bin/commands/serve.ts';
import { type ServeOptions, serve } from '../../pdp-container/serve.ts';
import { bundleDirectory, CERTIFICATION } from './support/bundles.ts';
import { call } from './support/client.ts';
import { startServer } from './support/server.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');

function pem(kind: 'public' | 'private'): string {
  const key = kind === 'public' ? publicKey : privateKey;
  return key.export({ type: kind === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
}

/** Parses a command line that must be refused before anything is started. */
async function refusal(args: string[], env: Record<string, string> = {}): Promise<string> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const command = serveCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    return (error as Error).message;
  } finally {
    vi.unstubAllEnvs();
  }
  throw new Error('it was accepted');
}

describe('the command line', () => {
  test.each<[string, string[], Record<string, string>, string]>([
    ['no source', [], {}, 'no SOURCE: give a directory or a .tar.gz file, or set PDP_SOURCE'],
    ['an empty source', [], { PDP_SOURCE: '' }, 'no SOURCE'],
    ['a port from a variable', ['x'], { PDP_PORT: 'http' }, "value 'http' from env 'PDP_PORT' is invalid"],
    ['a negative port', ['x', '--port', '-1'], {}, 'It must be a whole number from 0 to 65535.'],
    ['a port with a fraction', ['x', '--port', '1.5'], {}, 'It must be a whole number from 0 to 65535.'],
    ['a limit of 0', ['x', '--body-limit', '0'], {}, 'It must be a whole number from 1 to 2147483647.'],
    [
      'a limit in words',
      ['x', '--batch-limit', 'ten'],
      {},
      'It must be a whole number from 1 to 2147483647.',
    ],
    [
      'a time that is none',
      ['x', '--request-timeout', 'soon'],
      {},
      'It must be a number of seconds from 0.001 to',
    ],
    [
      'a time of 0',
      ['x', '--keep-alive-timeout', '0'],
      {},
      'It must be a number of seconds from 0.001 to 86400.',
    ],
    [
      'a time beyond a day',
      ['x', '--drain-seconds', '86401'],
      {},
      'It must be a number of seconds from 0 to 86400.',
    ],
    ['an unknown log mode', ['x', '--decision-log', 'some'], {}, 'Allowed choices are off, denied, all.'],
    ['an unclear flag', ['x'], { PDP_DECISION_LOG_ATTRIBUTES: 'maybe' }, 'It must be true or false.'],
    ['an empty host', ['x', '--host', ''], {}, 'It must not be empty.'],
    ['a certificate without a key', ['x', '--tls-cert', 'c'], {}, '--tls-key is missing: TLS needs both'],
    ['a key without a certificate', ['x'], { PDP_TLS_KEY: 'k' }, '--tls-cert is missing: TLS needs both'],
    ['an OPA port', ['x', '--opa-port', 'none'], {}, 'a whole number from 0 to 65535 or off'],
    ['an OPA port beyond all', ['x'], { PDP_OPA_PORT: '65536' }, 'a whole number from 0 to 65535 or off'],
    [
      'one port for both',
      ['x', '--port', '4000', '--opa-port', '4000'],
      {},
      '--port and --opa-port are both 4000: give each a port of its own',
    ],
    [
      'a token that may be for either',
      ['https://a/x', 'git+https://b/x'],
      { PDP_SOURCE_TOKEN: 'secret' },
      'several SOURCEs may take PDP_SOURCE_TOKEN: set PDP_SOURCE_TOKEN_1 for',
    ],
    ['lines without a source', [], { PDP_SOURCE: ' \n\n' }, 'no SOURCE'],
  ])('%s', async (_name, args, env, expected) => {
    const message = await refusal(args, env);
    expect(message).toContain(expected);
    expect(message).not.toContain('\n');
  });
});

describe('serve', () => {
  const dropped = { write() {} };

  test.each<[string, string, string]>([
    ['nothing there', '/no/such', "source '/no/such' cannot be read: it does not exist"],
    ['below a file', `${import.meta.filename}/x`, 'part of its path is not a directory'],
    ['another file', import.meta.filename, 'is neither a directory nor a .tar.gz file'],
    ['S3', 's3://bucket', "source 's3://bucket/': it names no object"],
    ['git', 'git+file:///x#main:p', 'git+file sources are not supported in this version'],
    ['HTTP', 'http://host/x.tar.gz', "source 'http://host/x.tar.gz': is not encrypted: use https"],
    ['another scheme', 'ftp://host/x.tar.gz', 'ftp sources are not supported in this version'],
  ])('refuses a source: %s', async (_name, source, expected) => {
    const started = serve({ source, port: 0, log: dropped });
    await expect(started).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(expected),
    });
  });

  test('refuses a public URL and a key before it listens', async () => {
    const source = await bundleDirectory(CERTIFICATION);
    await expect(serve({ source, port: 0, log: dropped, publicUrl: 'pdp' })).rejects.toThrow('is not a URL');
    await expect(serve({ source, port: 0, log: dropped, apiKey: '' })).rejects.toThrow('is set but empty');
  });

  test.each<[string, (source: string) => Partial<ServeOptions>, string]>([
    ['no source', () => ({ source: [] }), 'there is no source'],
    [
      'keys that are not there',
      () => ({ verifyKeys: '/no/such' }),
      "--verify-key '/no/such' cannot be read: it does not exist",
    ],
    [
      'keys that are none',
      () => ({ verifyKeys: import.meta.filename }),
      `--verify-key '${import.meta.filename}': verification keys: there is no public key`,
    ],
    [
      'a private key for a public one',
      () => ({ verifyKeys: pem('private') }),
      '--verify-key (PEM text): verification keys: a PRIVATE KEY is not a PUBLIC KEY',
    ],
    [
      'a directory that would have to be signed',
      () => ({ verifyKeys: pem('public') }),
      'is a directory, which cannot be signed: with --verify-key give archives that are',
    ],
    [
      'a second source that is not there',
      (source) => ({ source: [source, '/no/such'] }),
      "'/no/such' cannot",
    ],
  ])('refuses %s', async (_name, options, expected) => {
    const source = await bundleDirectory(CERTIFICATION);
    const started = serve({ port: 0, log: dropped, source, ...options(source) });
    await expect(started).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(expected),
    });
    await expect(started).rejects.not.toThrow('BEGIN');
  });

  test('listens on one address of a name, and tells it', async () => {
    const { url } = await startServer({ host: 'localhost' });
    expect(url).toMatch(/^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/);
    expect((await call(url, '/ready')).status).toBe(200);
  });

  test('says which host is not of this machine', async () => {
    const source = await bundleDirectory(CERTIFICATION);
    await expect(serve({ source, port: 0, log: dropped, host: '192.0.2.1' })).rejects.toMatchObject({
      name: 'ListenError',
      message: "host '192.0.2.1' is not an address of this machine: choose another with --host",
    });
  });
});
