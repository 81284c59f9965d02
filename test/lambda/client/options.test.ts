import { describe, expect, test } from 'vitest';
import { createPdpClient, type PdpClientOptions } from '../../../lambda/client/index.ts';

describe('options that are wrong are refused when the client is made', () => {
  const url = 'http://127.0.0.1:7000';
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'the options must be an object'],
    ['no url', {}, 'url must be a string'],
    ['an empty url', { url: '' }, 'url must be a string'],
    ['no address', { url: 'pdp:7000' }, 'url must be an http:// or https:// address'],
    ['another protocol', { url: 'ftp://pdp' }, 'url must be an http:// or https:// address'],
    ['a password in the url', { url: 'http://user:hunter2@pdp' }, 'url must not hold a user or password'],
    ['a query', { url: `${url}/?key=hunter2` }, 'url must not have a query'],
    ['a misspelt option', { url, timeout: 5 }, 'unknown option "timeout"'],
    ['no time', { url, timeoutMs: 0 }, 'timeoutMs must be a positive whole number'],
    [
      'a part of a millisecond',
      { url, attemptTimeoutMs: 0.5 },
      'attemptTimeoutMs must be a positive whole number',
    ],
    [
      'endless time',
      { url, timeoutMs: Number.POSITIVE_INFINITY },
      'timeoutMs must be a positive whole number',
    ],
    ['time in words', { url, timeoutMs: '100' }, 'timeoutMs must be a positive whole number'],
    ['an empty key', { url, apiKey: '' }, 'apiKey must be visible ASCII'],
    ['a key of two lines', { url, apiKey: 'hunter2\r\nx: y' }, 'apiKey must be visible ASCII'],
    ['an authority for http', { url, ca: '-----BEGIN CERTIFICATE-----' }, 'ca is given but url is http://'],
    [
      'an authority that is none',
      { url: 'https://pdp', ca: 'nonsense' },
      'ca must be certificates in PEM form',
    ],
    ['no items in a batch', { url, maxBatchItems: 0 }, 'maxBatchItems must be a positive whole number'],
    ['no bytes in a batch', { url, maxRequestBytes: -1 }, 'maxRequestBytes must be a positive whole number'],
    ['hedges in words', { url, hedge: 'no' }, 'hedge must be true or false'],
    ['a lookup that is none', { url, lookup: '10.0.0.1' }, 'lookup must be a function'],
    ['a listener that is none', { url, onEvent: {} }, 'onEvent must be a function'],
    ['a cache that is switched on', { url, cache: true }, 'cache: the options must be an object'],
    ['a misspelt option of the cache', { url, cache: { ttl: 5 } }, 'cache: unknown option "ttl"'],
    ['a cache of nothing', { url, cache: { maxEntries: 0 } }, 'cache: maxEntries must be a positive'],
    ['a fall-back that is null', { url, fallback: null }, 'fallback must be a PolicyDecisionPoint'],
    [
      'a fall-back for single questions only',
      { url, fallback: { evaluate() {} } },
      'fallback must be a PolicyDecisionPoint',
    ],
  ])('%s', (_name, options, message) => {
    const make = () => createPdpClient(options as PdpClientOptions);
    expect(make).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    );
    expect(make).not.toThrow(/hunter2/);
  });
});
