import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { httpSource } from '../../../pdp-container/source/http-source.ts';
import { DEFAULT_FETCH_LIMITS as limits } from '../../../pdp-container/source/remote-source.ts';
import { parseWebAddress, webName } from '../../../pdp-container/source/web-address.ts';

it.each([
  ['https://policies.example.com/b.tar.gz', 'https://policies.example.com/b.tar.gz'],
  ['HTTPS://Policies.Example.com:443/b.tar.gz', 'https://policies.example.com/b.tar.gz'],
  ['https://policies.example.com:8443/b.tar.gz?sig=secret', 'https://policies.example.com:8443/b.tar.gz?…'],
  ['http://127.0.0.1:8080/b.tar.gz', 'http://127.0.0.1:8080/b.tar.gz'],
  ['http://localhost/b.tar.gz', 'http://localhost/b.tar.gz'],
  ['http://[::1]:8080/b.tar.gz', 'http://[::1]:8080/b.tar.gz'],
])('reads %s', (address, name) => {
  expect(webName(parseWebAddress(address))).toBe(name);
});

it.each([
  ['https://', 'an https source is not a well-formed address'],
  [
    'https://user:secret@policies.example.com/b.tar.gz',
    "source 'https://policies.example.com/b.tar.gz': has credentials in it: leave them out, and set PDP_SOURCE_TOKEN to the token",
  ],
  [
    'https://secret@policies.example.com/b.tar.gz',
    "source 'https://policies.example.com/b.tar.gz': has credentials in it: leave them out, and set PDP_SOURCE_TOKEN to the token",
  ],
  [
    'http://policies.example.com/b.tar.gz',
    "source 'http://policies.example.com/b.tar.gz': is not encrypted: use https (http is for a server on this machine)",
  ],
  [
    'http://127.0.0.1.example.com/b.tar.gz',
    "source 'http://127.0.0.1.example.com/b.tar.gz': is not encrypted: use https (http is for a server on this machine)",
  ],
  [
    'https://policies.example.com/b.tar.gz#main',
    "source 'https://policies.example.com/b.tar.gz': has a # part, which a server never sees: leave it out",
  ],
])('refuses %s', (address, message) => {
  expect(() => httpSource(address, { limits })).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message }),
  );
});

it('reads only what is encrypted or of this machine, and never repeats credentials', () => {
  fc.assert(
    fc.property(
      fc.webUrl({
        withQueryParameters: true,
        withFragments: true,
        authoritySettings: { withUserInfo: true },
      }),
      (address) => {
        let url: URL;
        try {
          url = parseWebAddress(address);
        } catch (error) {
          const user = /\/\/([^/]*)@/.exec(address)?.[1];
          if (user !== undefined && user.length > 3) expect((error as Error).message).not.toContain(user);
          return;
        }
        expect(url.protocol).toBe('https:');
        expect([url.username, url.password, url.hash]).toEqual(['', '', '']);
      },
    ),
    { numRuns: 50 },
  );
});

it.each(['', 'two words', 'line\n', 'ümlaut'])('refuses the token %j without repeating it', (token) => {
  expect(() => httpSource('https://policies.example.com/b.tar.gz', { token, limits })).toThrow(
    "source 'https://policies.example.com/b.tar.gz': its token is empty, or has a space or a line break in it",
  );
});

it('refuses a proxy that has no address without repeating it', () => {
  vi.stubEnv('HTTPS_PROXY', 'http://user:password@host:1 x');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => httpSource('https://policies.example.com/b.tar.gz', { limits })).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'HTTPS_PROXY is not the address of a proxy, such as http://proxy.example.com:3128',
    }),
  );
});
