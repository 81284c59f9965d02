import { describe, expect, test } from 'vitest';
import { bundleDirectory, CERTIFICATION, writeBundle } from './support/bundles.ts';
import { ask, call, EVALUATION, EVALUATIONS, SEARCH_SUBJECT } from './support/client.ts';
import { startServer } from './support/server.ts';

const BROKEN = {
  ...CERTIFICATION,
  'policies.cedar': 'permit(principal, action, resource)\nwhen { oops };\n',
};

describe('with an active revision', () => {
  test('every health route answers 200', async () => {
    const { url, revision, source } = await startServer();
    const ready = {
      status: 'ready',
      revision,
      ageSeconds: expect.any(Number),
      checkedSecondsAgo: expect.any(Number),
    };
    expect((await call(url, '/healthy')).json).toEqual({ status: 'healthy' });
    expect((await call(url, '/ready')).json).toEqual(ready);
    expect((await call(url, '/healthcheck')).json).toEqual(ready);
    const health = await call(url, '/health');
    expect(health.status).toBe(200);
    expect(health.json).toEqual({
      status: 'ready',
      uptimeSeconds: expect.any(Number),
      revision,
      loadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      ageSeconds: expect.any(Number),
      checkedSecondsAgo: expect.any(Number),
      sequence: null,
      kept: false,
      lastReload: { result: 'success', problemCount: 0, problems: [] },
      sources: [
        {
          name: source,
          checkedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          revision,
          sequence: null,
        },
      ],
    });
    expect((await call(url, '/ready', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('without a valid revision', () => {
  test('the process lives, is not ready, and answers no question', async () => {
    const { url } = await startServer({ bundle: BROKEN, reloadMs: 0 });
    expect((await call(url, '/healthy')).status).toBe(200);
    for (const path of ['/ready', '/healthcheck']) {
      const { status, json } = await call(url, path);
      expect([status, json]).toEqual([
        503,
        { status: 'unready', revision: null, ageSeconds: null, checkedSecondsAgo: null },
      ]);
    }
    expect(await call(url, '/health')).toMatchObject({
      status: 503,
      json: { status: 'unready', revision: null, loadedAt: null, lastReload: { result: 'failure' } },
    });
    for (const path of [EVALUATION, EVALUATIONS, SEARCH_SUBJECT]) {
      const answer = await call(url, path, { body: ask('alice', 'read', 'record-1') });
      expect(answer).toMatchObject({
        status: 503,
        json: { error: { status: 503, message: 'no revision is active yet' } },
      });
      expect(answer.headers['retry-after']).toBe('1');
    }
    expect((await call(url, '/metrics')).text).not.toContain('pdp_bundle_info{');
  });

  test('the problems have file, line and column and sources a name, for callers with the key only', async () => {
    const apiKey = 'key';
    const { url, source } = await startServer({ bundle: BROKEN, reloadMs: 0, apiKey });
    const withKey = await call(url, '/health', { headers: { authorization: 'Bearer key' } });
    expect(withKey.json).toMatchObject({
      lastReload: {
        result: 'failure',
        failedAt: expect.any(String),
        problems: expect.arrayContaining([
          expect.objectContaining({
            file: 'policies.cedar',
            line: 2,
            column: 8,
            message: expect.any(String),
          }),
        ]),
      },
    });
    const without = (await call(url, '/health')).json as { lastReload: object; sources: object[] };
    expect((withKey.json as typeof without).sources).toMatchObject([{ name: source }]);
    expect(without.sources).toEqual([{ checkedAt: expect.any(String), revision: null, sequence: null }]);
    expect(without.lastReload).toMatchObject({ result: 'failure', problemCount: 1 });
    expect(without.lastReload).not.toHaveProperty('problems');
  });

  test('a fix makes it ready', async () => {
    const source = await bundleDirectory(BROKEN);
    const server = await startServer({ source });
    await writeBundle(source, CERTIFICATION);
    await server.logged('revision active');
    expect((await call(server.url, '/ready')).status).toBe(200);
    expect((await call(server.url, '/health')).json).toMatchObject({ lastReload: { result: 'success' } });
  });
});

describe('/metrics', () => {
  const value = (text: string, series: string): number | undefined => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };

  test('counts decisions, requests and loads, and names the revision', async () => {
    const { url, revision } = await startServer();
    const started = Date.now() / 1_000;
    await call(url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
    await call(url, EVALUATION, { body: ask('bob', 'write', 'record-1') });
    await call(url, EVALUATION, { body: '{' });
    await call(url, EVALUATIONS, {
      body: { ...ask('alice', 'read', 'record-1'), evaluations: [{}, {}, { resource: {} }] },
    });
    await call(url, '/nothing/of/the/kind');
    const answer = await call(url, '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const { text } = answer;
    expect(value(text, 'pdp_decisions_total{decision="permit"}')).toBe(3);
    expect(value(text, 'pdp_decisions_total{decision="deny"}')).toBe(2);
    expect(value(text, 'pdp_decision_duration_seconds_count')).toBe(5);
    expect(value(text, 'pdp_decision_duration_seconds_bucket{le="+Inf"}')).toBe(5);
    expect(value(text, 'pdp_policy_errors_total')).toBe(0);
    expect(value(text, `pdp_bundle_info{revision="${revision}"}`)).toBe(1);
    expect(value(text, 'pdp_bundle_reloads_total{result="success"}')).toBe(1);
    expect(value(text, 'pdp_bundle_reloads_total{result="failure"}')).toBe(0);
    expect(Math.abs((value(text, 'pdp_bundle_activated_timestamp_seconds') ?? 0) - started)).toBeLessThan(60);
    expect(value(text, `pdp_http_requests_total{route="${EVALUATION}",status="200"}`)).toBe(2);
    expect(value(text, `pdp_http_requests_total{route="${EVALUATION}",status="400"}`)).toBe(1);
    expect(value(text, 'pdp_http_requests_total{route="unmatched",status="404"}')).toBe(1);
    expect(value(text, 'pdp_http_requests_in_flight')).toBe(1);
    expect(value(text, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(text).not.toContain('/nothing');
  });

  test('counts policies that erred', async () => {
    const bundle = {
      'policies.cedar': `
        @id("all") permit(principal, action, resource);
        @id("errs") forbid(principal, action, resource) when { principal.missing };
      `,
    };
    const { url } = await startServer({ bundle });
    const answer = await call(url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
    expect(answer.json).toMatchObject({ decision: true, context: { policies: ['all'], errors: ['errs'] } });
    expect(value((await call(url, '/metrics')).text, 'pdp_policy_errors_total')).toBe(1);
  });

  test('the revision that is no longer active is gone', async () => {
    const server = await startServer();
    const before = server.revision;
    await server.logged('revision active');
    await writeBundle(server.source, { 'more.cedar': 'permit(principal == user::"zoe", action, resource);' });
    await server.logged('revision active');
    const { text } = await call(server.url, '/metrics');
    expect(server.revision).not.toBe(before);
    expect(value(text, `pdp_bundle_info{revision="${server.revision}"}`)).toBe(1);
    expect(text).not.toContain(before);
  });
});
