import { expect, it } from 'vitest';
import { sourceTokens } from '../../bin/terminal/source-tokens.ts';

it.each<[string, string[], Record<string, string>, (string | undefined)[]]>([
  ['none', ['dir', 'https://a/b'], {}, [undefined, undefined]],
  ['one for the only source over HTTPS', ['dir', 'https://a/b'], { PDP_SOURCE_TOKEN: 't' }, [undefined, 't']],
  ['one for a Git source', ['git+https://a/b.git'], { PDP_SOURCE_TOKEN: 't' }, ['t']],
  [
    'one that no source takes',
    ['s3://a/b', 'git+ssh://git@a/b'],
    { PDP_SOURCE_TOKEN: 't' },
    [undefined, undefined],
  ],
  [
    'those of positions',
    ['https://a/b', 's3://a/b', 'https://c/d'],
    { PDP_SOURCE_TOKEN_1: 'a', PDP_SOURCE_TOKEN_3: 'c' },
    ['a', undefined, 'c'],
  ],
])('gives each source its token: %s', (_, sources, env, expected) => {
  expect(sourceTokens(sources, env)).toEqual(expected);
});

it.each<[string, string[], Record<string, string>, string]>([
  [
    'one that several may take',
    ['dir', 'https://a/b', 'https://c/d'],
    { PDP_SOURCE_TOKEN: 'secret' },
    'several SOURCEs may take PDP_SOURCE_TOKEN: set PDP_SOURCE_TOKEN_2 for the one it is for',
  ],
  [
    'one for a source that is none over HTTPS',
    ['https://a/b', 's3://a/b'],
    { PDP_SOURCE_TOKEN_2: 'secret' },
    'PDP_SOURCE_TOKEN_2 is set, and SOURCE 2 is none over HTTPS, which would take it',
  ],
  [
    'one for no source',
    ['https://a/b'],
    { PDP_SOURCE_TOKEN_01: 'secret' },
    'PDP_SOURCE_TOKEN_01 is set, and SOURCE 01 is none over HTTPS, which would take it',
  ],
  ['an empty one', ['https://a/b'], { PDP_SOURCE_TOKEN: '' }, 'is set but empty'],
])('refuses a token: %s', (_, sources, env, message) => {
  expect(() => sourceTokens(sources, env)).toThrow(message);
});
