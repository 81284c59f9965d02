import { describe, expect, test } from 'vitest';
import { parsePublicUrl } from '../../pdp-container/authzen/discovery.ts';
import { call, exchange } from './support/client.ts';
import { startServer } from './support/server.ts';

const WELL_KNOWN = '/.well-known/authzen-configuration';

test('a public URL is told to everyone, whatever host was asked', async () => {
  const { url } = await startServer({ publicUrl: 'https://pdp.example.com/' });
  expect((await call(url, WELL_KNOWN, { headers: { host: 'other.example' } })).json).toEqual({
    policy_decision_point: 'https://pdp.example.com',
    access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation',
    access_evaluations_endpoint: 'https://pdp.example.com/access/v1/evaluations',
    search_subject_endpoint: 'https://pdp.example.com/access/v1/search/subject',
    search_resource_endpoint: 'https://pdp.example.com/access/v1/search/resource',
    search_action_endpoint: 'https://pdp.example.com/access/v1/search/action',
  });
});

test('one with a path has its metadata at the well-known path followed by its own', async () => {
  const { url } = await startServer({ publicUrl: 'https://example.com/tenants/acme' });
  for (const path of [`${WELL_KNOWN}/tenants/acme`, WELL_KNOWN]) {
    expect((await call(url, path)).json).toMatchObject({
      policy_decision_point: 'https://example.com/tenants/acme',
      access_evaluation_endpoint: 'https://example.com/tenants/acme/access/v1/evaluation',
    });
  }
  expect((await call(url, `${WELL_KNOWN}/tenants/globex`)).status).toBe(404);
});

test('without one, the host that was asked is told', async () => {
  const { url } = await startServer();
  const answer = await call(url, WELL_KNOWN, { headers: { host: 'pdp.internal:7000' } });
  expect(answer.json).toMatchObject({ policy_decision_point: 'http://pdp.internal:7000' });
});

test.each(['a b', 'x/../y', 'user@host', 'x?y', 'x#y', '"'])('the host %j is a 400', async (host) => {
  const { url } = await startServer();
  const answer = await exchange(
    url,
    `GET ${WELL_KNOWN} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

describe('parsePublicUrl', () => {
  test.each([
    ['https://pdp.example.com', 'https://pdp.example.com'],
    ['https://pdp.example.com//', 'https://pdp.example.com'],
    ['HTTPS://PDP.example.com:8443/a/b/', 'https://pdp.example.com:8443/a/b'],
    ['http://localhost:7000', 'http://localhost:7000'],
  ])('%s', (text, expected) => {
    expect(parsePublicUrl(text)).toBe(expected);
  });

  test.each([
    ['pdp.example.com', 'is not a URL; write it like https://pdp.example.com'],
    ['ftp://pdp.example.com', 'must begin with https:// or http://'],
    ['https://user:secret@pdp.example.com', 'must not hold a user or a password'],
    ['https://pdp.example.com/?a=b', 'must not have a query or a fragment'],
    ['https://pdp.example.com/#a', 'must not have a query or a fragment'],
  ])('%s %s', (text, problem) => {
    expect(() => parsePublicUrl(text)).toThrow(problem);
  });

  test('a password is not repeated', () => {
    expect(() => parsePublicUrl('https://user:secret@pdp.example.com')).not.toThrow('secret');
  });
});
