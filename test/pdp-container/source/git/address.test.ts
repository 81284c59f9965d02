import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../engine/index.ts';
import { parseGitAddress } from '../../../../pdp-container/source/git/address.ts';

const COMMIT = '0123456789abcdef0123456789ABCDEF01234567';

describe('an address', () => {
  it.each([
    ['git+https://host/r.git', 'https://host/r.git', { kind: 'head' }, ''],
    ['git+https://host/r.git#', 'https://host/r.git', { kind: 'head' }, ''],
    ['git+https://host/r.git#HEAD', 'https://host/r.git', { kind: 'head' }, ''],
    ['git+https://host/r.git#:sub', 'https://host/r.git', { kind: 'head' }, 'sub'],
    ['git+https://Host:8443/a/r#main', 'https://host:8443/a/r', { kind: 'name', name: 'main' }, ''],
    [
      'git+https://host/r.git#feature/x:a/b/',
      'https://host/r.git',
      { kind: 'name', name: 'feature/x' },
      'a/b',
    ],
    [
      'git+https://host/r.git#refs/tags/v1:/',
      'https://host/r.git',
      { kind: 'name', name: 'refs/tags/v1' },
      '',
    ],
    [
      'git+https://host/r.git#main:a%20b/c:d',
      'https://host/r.git',
      { kind: 'name', name: 'main' },
      'a b/c:d',
    ],
    [
      `git+https://host/r.git#${COMMIT}`,
      'https://host/r.git',
      { kind: 'commit', id: COMMIT.toLowerCase() },
      '',
    ],
    ['git+ssh://git@host/o/r.git#v1', 'ssh://git@host/o/r.git', { kind: 'name', name: 'v1' }, ''],
    ['git+ssh://host:2222/~me/r.git', 'ssh://host:2222/~me/r.git', { kind: 'head' }, ''],
    ['git+http://127.0.0.1:8080/r.git#x', 'http://127.0.0.1:8080/r.git', { kind: 'name', name: 'x' }, ''],
    ['git+http://[::1]:8080/r.git', 'http://[::1]:8080/r.git', { kind: 'head' }, ''],
    ['git+https://host/r.git#+main', 'https://host/r.git', { kind: 'name', name: '+main' }, ''],
    ['git+http://localhost/r.git', 'http://localhost/r.git', { kind: 'head' }, ''],
  ])('%s', (address, remote, revision, path) => {
    expect(parseGitAddress(address)).toMatchObject({ remote, revision, path });
  });

  it('is told as it was given', () => {
    const address = 'git+https://host/r.git#main:a%20b';
    expect(parseGitAddress(address).name).toBe(address);
  });
});

describe('refused', () => {
  it.each([
    // Options of git, ssh, or of a program beyond.
    ['git+ssh://-oProxyCommand=x/r.git', 'host name'],
    ['git+ssh://-oProxyCommand%3Dx@host/r.git', 'user name'],
    ['git+https://-host/r.git', 'host name'],
    ['git+https://host/r.git#--upload-pack=x', 'name after #'],
    ['git+https://host/r.git#-x', 'name after #'],
    ['git+https://host/r.git#main:-x', 'begins with a dash'],
    // Other transports.
    ['git+ext::sh -c x', 'must be git+https'],
    ['git+ext://sh', 'must be git+https'],
    ['git+file:///etc', 'must be git+https'],
    ['git+git://host/r.git', 'must be git+https'],
    ['git+http://host/r.git', 'use git+https'],
    ['git+http://127.0.0.1.example.com/r.git', 'use git+https'],
    ['git+http://localhost@example.com/r.git', 'credentials'],
    // Paths.
    ['git+https://host/r.git#main:../x', '..'],
    ['git+https://host/r.git#main:a/%2e%2e/b', '..'],
    ['git+https://host/r.git#main:a//b', 'empty part'],
    ['git+https://host/r.git#main:a%0ab', 'control character'],
    ['git+https://host/r.git#main:a%00', 'control character'],
    ['git+https://host/r.git#main:a\\..\\b', 'backslash'],
    ['git+https://host/', 'no repository'],
    ['git+https://host', 'no repository'],
    // Names that no ref has.
    ['git+https://host/r.git#a..b', 'name after #'],
    ['git+https://host/r.git#a%0ab', 'name after #'],
    ['git+https://host/r.git#main%5E%7B/x%7D', 'name after #'],
    ['git+https://host/r.git#main~1', 'name after #'],
    ['git+https://host/r.git#@{1}', 'name after #'],
    ['git+https://host/r.git#a*', 'name after #'],
    ['git+https://host/r.git#x.lock', 'name after #'],
    ['git+https://host/r.git#.x', 'name after #'],
    ['git+https://host/r.git#/x', 'name after #'],
    ['git+https://host/r.git#%zz', '%25'],
    // The rest.
    ['git+https://host/r.git?x=1#main', 'query'],
    ['git+https://host/r\\x.git', 'backslash'],
    ['git+https://ho st/r.git', 'not a well-formed address'],
    ['git+https:///r.git', 'no repository'],
  ])('%s', (address, problem) => {
    expect(() => parseGitAddress(address)).toThrow(ConfigurationError);
    expect(() => parseGitAddress(address)).toThrow(problem);
  });

  it.each([
    'git+https://me:hunter2@host/r.git',
    'git+https://hunter2@host/r.git',
    'git+ssh://git:hunter2@host/r.git',
  ])('%s, without repeating what is secret', (address) => {
    let message = '';
    try {
      parseGitAddress(address);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('PDP_SOURCE_TOKEN');
    expect(message).not.toContain('hunter2');
  });
});
