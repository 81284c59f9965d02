import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PATH_LENGTH, MAX_URL_LENGTH, parseTarget } from '../../../compiler/urls/target.ts';
import { InvalidRequestError } from '../../../engine/index.ts';

describe('a URL is read into', () => {
  it.each([
    ['/', { segments: [''], query: '' }],
    ['/a', { segments: ['a'], query: '' }],
    ['/a/', { segments: ['a', ''], query: '' }],
    ['/a?', { segments: ['a'], query: '' }],
    ['/a?b=/../c&d=%2F', { segments: ['a'], query: 'b=/../c&d=%2F' }],
    ['/caf%C3%A9/a%20b', { segments: ['café', 'a b'], query: '' }],
    ["/a.b/-_~!$&'()*+,=:@", { segments: ['a.b', "-_~!$&'()*+,=:@"], query: '' }],
    ['/%61dmin', { segments: ['admin'], query: '' }],
    ['/.well-known/x', { segments: ['.well-known', 'x'], query: '' }],
    ['https://API.Example.com/a', { host: 'api.example.com', segments: ['a'], query: '' }],
    ['http://api.example.com:8080/a?b', { host: 'api.example.com', segments: ['a'], query: 'b' }],
    ['http://api.example.com.', { host: 'api.example.com', segments: [''], query: '' }],
    ['http://[::1]:80/', { host: '[::1]', segments: [''], query: '' }],
  ])('%s', (url, target) => {
    expect(parseTarget(url)).toEqual(target);
  });
});

describe('refuses what can be read in two ways:', () => {
  it.each([
    ['', 'must be a path'],
    ['a/b', 'must be a path'],
    ['*', 'must be a path'],
    ['ftp://host/a', 'must be a path'],
    ['javascript:/a', 'must be a path'],
    ['/%2e%2e/admin', 'ends with a dot'],
    ['/a/../admin', 'ends with a dot'],
    ['/a/./admin', 'ends with a dot'],
    ['/a/%2E%2e/admin', 'ends with a dot'],
    ['/a/.%2e', 'ends with a dot'],
    ['/admin.', 'ends with a dot'],
    ['/admin%20', 'ends with a space'.replace('ends', 'begins or ends')],
    ['/%20admin', 'begins or ends with a space'],
    ['/%C2%A0admin', 'begins or ends with a space'],
    ['//admin', 'empty path segment'],
    ['/a//admin', 'empty path segment'],
    ['/a//', 'empty path segment'],
    ['/a%2Fadmin', 'encoded separator'],
    ['/a%2fadmin', 'encoded separator'],
    ['/a%5Cadmin', 'encoded separator'],
    ['/a%3Bx', 'encoded separator'],
    ['/a%3Fx', 'encoded separator'],
    ['/a%23x', 'encoded separator'],
    ['/%252e%252e/admin', 'encoded separator'],
    ['/a%252Fadmin', 'encoded separator'],
    ['/a%25u002e', 'encoded separator'],
    ['/a/%EF%BC%8Fadmin', 'encoded separator'],
    ['/%EF%BC%8E%EF%BC%8E/admin', 'ends with a dot'],
    ['/a\\admin', 'percent-encoded'],
    ['/a;x=y/admin', '; in its path'],
    ['/a/..;/admin', '; in its path'],
    ['/a#/../admin', 'percent-encoded'],
    ['/a?b#c', 'query'],
    ['/a?b c', 'query'],
    ['/a%00.png', 'control character'],
    ['/a%0d%0aHost:x', 'control character'],
    ['/a%7f', 'control character'],
    ['/a\0', 'percent-encoded'],
    ['/a b', 'percent-encoded'],
    ['/café', 'percent-encoded'],
    ['/a%', 'percent-encoded'],
    ['/a%2', 'percent-encoded'],
    ['/a%zz', 'percent-encoded'],
    ['/a%u002e', 'percent-encoded'],
    ['/%c0%ae%c0%ae/admin', 'not UTF-8'],
    ['/%ff', 'not UTF-8'],
    ['/%ed%a0%80', 'not UTF-8'],
    ['/cafe%CC%81', 'normal form C'],
    ['http://user@host/a', 'host'],
    ['http://host:99999999/a', 'host'],
    ['http://a..b/', 'host'],
    ['http:///a', 'host'],
    [`/${'a'.repeat(MAX_PATH_LENGTH)}`, 'path longer'],
    [`/a?${'b'.repeat(MAX_URL_LENGTH)}`, 'longer than'],
  ])('%s', (url, problem) => {
    const read = () => parseTarget(url);
    expect(read).toThrow(InvalidRequestError);
    expect(read).toThrow(problem);
  });
});

it('gives every URL one path only: what is read, written again, is the same path or the URL was refused', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      ';',
      '//',
      '%25',
      '%',
      'a',
      'A',
      '%61',
      '%C3%A9',
      '\\',
      ' ',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let segments: string[];
      try {
        ({ segments } = parseTarget(`/${pieces.join('')}`));
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidRequestError);
        return;
      }
      const path = `/${segments.map(encodeURIComponent).join('/')}`;
      // The URL parser of browsers and of Node resolves dots, backslashes and the like: it must find nothing to do.
      expect(new URL(path, 'http://host').pathname).toBe(path);
      expect(decodeURIComponent(path)).toBe(`/${segments.join('/')}`);
      expect(decodeURIComponent(decodeURIComponent(path))).toBe(decodeURIComponent(path));
      expect(parseTarget(path).segments).toEqual(segments);
    }),
    { numRuns: 2_000 },
  );
});
