import { describe, expect, it } from 'vitest';
import { fakeEcs, fakeService, fakeTask, fakeTaskDefinition } from '../fake-ecs.ts';
import { certificates } from '../lambda/certificates.ts';
import { freePort } from '../lambda/servers.ts';
import { certificateFiles } from '../pdp-container/support/certificates.ts';
import { startServer, type TestServer } from '../pdp-container/support/server.ts';
import { runPdp } from './run-pdp.ts';

const portOf = ({ url }: TestServer) => Number(new URL(url).port);

describe('pdp status --ask', () => {
  const ASK = ['status', '--cluster', 'pdp', '--service', 'api', '--ask'];

  it('shows what each task says of itself', async () => {
    const [good, other] = [await startServer({ apiKey: 'k' }), await startServer({ apiKey: 'k' })];
    const gone = await freePort();
    const ecs = await fakeEcs({
      service: fakeService(3),
      tasks: {
        a1: fakeTask('a1', '127.0.0.1', { taskDefinitionArn: 'x/pdp:1' }),
        a2: fakeTask('a2', '127.0.0.1', { taskDefinitionArn: 'x/pdp:2' }),
        a3: fakeTask('a3', '127.0.0.1', { taskDefinitionArn: 'x/pdp:3' }),
      },
      taskDefinitions: {
        'pdp:1': fakeTaskDefinition('pdp:1', good.revision, portOf(good)),
        'pdp:2': fakeTaskDefinition('pdp:2', 'fedcba9876543210', portOf(other)),
        'pdp:3': fakeTaskDefinition('pdp:3', good.revision, gone),
      },
    });
    const { code, stdout } = await runPdp(ASK, { ...ecs.env, PDP_API_KEY: 'k' });
    expect(stdout.split('\n').filter((line) => line.includes('asked:'))).toEqual([
      `            asked: ready, revision ${good.revision}`,
      `            asked: ready, revision ${other.revision}`,
      `            asked: 127.0.0.1:${gone} did not answer (ECONNREFUSED)`,
    ]);
    expect(stdout.split('\n').slice(-3)).toEqual([
      `not healthy  task a2: it serves revision ${other.revision}, its task definition is labelled fedcba9876543210`,
      `not healthy  task a3: 127.0.0.1:${gone} did not answer (ECONNREFUSED)`,
      '',
    ]);
    expect(code).toBe(1);
  });

  it('holds the certificate of a task to the authority and to the name of the service', async () => {
    const { ca, server } = await certificates();
    const files = await certificateFiles(server);
    const pdp = await startServer({ tls: files });
    const ecs = await fakeEcs({
      service: fakeService(1),
      tasks: { a1: fakeTask('a1', '127.0.0.1') },
      taskDefinitions: { 'pdp:7': fakeTaskDefinition('pdp:7', pdp.revision, portOf(pdp)) },
    });
    const asked = async (url: string) => {
      const { stdout } = await runPdp(ASK, { ...ecs.env, PDP_URL: url, PDP_CA: ca });
      return stdout.split('\n').find((line) => line.includes('asked:'));
    };
    expect(await asked('https://api.pdp.internal:7000')).toBe(
      `            asked: ready, revision ${pdp.revision}`,
    );
    expect(await asked('https://other.internal:7000')).toContain(
      'did not answer (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
  });

  it.each([
    [{ PDP_CA: 'pem' }, 'PDP_CA is set and PDP_URL is not'],
    [{ PDP_URL: 'http://pdp:7000', PDP_CA: 'pem' }, 'PDP_CA is set but PDP_URL is http'],
    [{ PDP_URL: 'pdp:7000' }, 'PDP_URL is not an http or https URL'],
  ])('needs variables that fit together: %j', async (env, problem) => {
    const { code, stderr } = await runPdp(ASK, env as unknown as Record<string, string>);
    expect(stderr).toContain(`pdp: --ask: ${problem}`);
    expect(code).toBe(2);
  });
});
