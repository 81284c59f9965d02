import { beforeAll, describe, expect, it } from 'vitest';
import type { ExpectedDecisions } from '../../../engine/expected-decisions.ts';
import { arn, fakeService, fakeTask, taskDefinitionArn } from '../../fake-ecs.ts';
import { bundleDirectory } from '../../pdp-container/support/bundles.ts';
import { certificateFiles } from '../../pdp-container/support/certificates.ts';
import { certificates } from '../certificates.ts';
import { answer, freePort, serve } from '../servers.ts';
import {
  CONTEXT,
  expectationsOf,
  type Gated,
  gated,
  KEY,
  pdp,
  resourceEvent,
  SAMPLE,
  SECRET,
} from './gated.ts';

let expected: ExpectedDecisions;
beforeAll(async () => {
  expected = await expectationsOf(SAMPLE);
});

const actionsOf = ({ ecs }: Gated) => [...new Set(ecs.calls.map(({ action }) => action))].sort();

const heading = () =>
  `not every task runs revision ${expected.revision} and gives its ${expected.tests.length} tested decisions:`;

describe('a rolling deployment', () => {
  it('passes when every task runs the revision and gives all tested decisions', async () => {
    const servers = { a1: await pdp(), a2: await pdp(), a3: await pdp() };
    const gate = await gated(servers);
    expect(await gate.invoke(await resourceEvent('Create'), CONTEXT)).toBeUndefined();
    expect(gate.log).toEqual(['info 3 tasks of api have passed']);
    expect(gate.waits).toEqual([]);
    // What its role may do (test/lib/deployment-gate.test.ts).
    expect(actionsOf(gate)).toEqual(['DescribeServices', 'DescribeTasks', 'ListTasks']);
    for (const { records } of Object.values(servers)) {
      const decisions = records.filter(({ msg }) => msg === 'decision');
      expect(decisions).toHaveLength(expected.tests.length);
      expect(decisions[0]).toMatchObject({ requestId: 'deployment-gate' });
    }
  });

  it('asks no task of the deployment before, nor one that is to stop', async () => {
    const gate = await gated({ a1: await pdp() });
    gate.ecs.cluster.tasks = {
      old: fakeTask('old', '127.0.0.1', { startedBy: 'ecs-svc/6' }),
      ...gate.ecs.cluster.tasks,
      stops: fakeTask('stops', '127.0.0.1', { desiredStatus: 'STOPPED' }),
    };
    await gate.invoke(await resourceEvent('Update'), CONTEXT);
    expect(gate.log).toEqual(['info 1 tasks of api have passed']);
  });

  it('waits for tasks that are missing or just starting, and asks none twice that has passed', async () => {
    const first = await pdp();
    const second = await pdp();
    const places: Parameters<typeof gated>[0] = { a1: first, a2: undefined };
    const gate = await gated(places);
    const [a1, a2] = [gate.ecs.cluster.tasks.a1 ?? {}, gate.ecs.cluster.tasks.a2 ?? {}];
    gate.ecs.cluster.tasks = { a1 };
    gate.meanwhile = () => {
      if (gate.waits.length === 1) gate.ecs.cluster.tasks = { a1, a2 };
      if (gate.waits.length < 2) return;
      Object.assign(a2, { lastStatus: 'RUNNING' });
      places.a2 = second;
    };
    await gate.invoke(await resourceEvent('Update'), CONTEXT);
    expect(gate.waits).toEqual([5_000, 5_000]);
    expect(first.records.filter(({ msg }) => msg === 'decision')).toHaveLength(expected.tests.length);
  });

  it('passes when no task is asked for: there is nothing that could answer', async () => {
    const gate = await gated({});
    await gate.invoke(await resourceEvent('Update'), CONTEXT);
    expect(gate.log).toEqual(['info 0 tasks of api have passed']);
  });

  it('has nothing to do when the gate is removed', async () => {
    const gate = await gated({});
    expect(await gate.invoke(await resourceEvent('Delete'), CONTEXT)).toBeUndefined();
    expect(gate.ecs.calls).toEqual([]);
  });
});

describe('a deployment that fails', () => {
  it('as a task runs another revision: says which, and asks it no more', async () => {
    const other = await pdp({
      source: await bundleDirectory({ 'p.cedar': 'permit(principal, action, resource);' }),
    });
    const gate = await gated({ a1: await pdp(), a2: other });
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toMatchObject({
      name: 'GateError',
      message: `${heading()}\ntask a2 (127.0.0.1) runs revision ${other.revision}`,
      // CloudFormation would show what else is in it.
      stack: 'GateError',
    });
    expect(gate.waits).toHaveLength(11);
    expect(other.records.filter(({ msg }) => msg === 'decision')).toEqual([]);
  });

  it('as decisions come out wrong: at once, with the names of the tests and nothing else of them', async () => {
    const [first, second] = expected.tests;
    if (first === undefined || second === undefined) throw new Error('the sample has no tests');
    const wrong = {
      ...expected,
      tests: [
        { ...first, decision: !first.decision },
        { ...second, policies: ['no-such-policy'] },
        ...expected.tests.slice(2),
      ],
    };
    const gate = await gated({ a1: await pdp() }, { parts: { expected: () => wrong } });
    const reason = `${heading()}\ntask a1 (127.0.0.1) fails 2 decision tests: "${first.name}", "${second.name}"`;
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(reason);
    expect(gate.waits).toEqual([]);
    expect(gate.log).toEqual([`error ${reason}`]);
  });

  it('as a server that takes over the revision answers otherwise in between', async () => {
    const lying = await serve(({ url }, response) => {
      const { revision } = expected;
      if (url === '/health') return answer(response, 200, { status: 'ready', revision });
      const evaluations = expected.tests.map(({ decision, policies = [] }, index) => ({
        decision,
        context: { policies, revision: index === 9 ? 'another' : revision },
      }));
      return answer(response, 200, { evaluations });
    });
    const gate = await gated({ a1: lying });
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(
      'task a1 (127.0.0.1) runs revision another',
    );
  });

  it.each<[string, () => Promise<{ url: string } | { port: number } | undefined>, string]>([
    ['is not there', async () => ({ port: await freePort() }), 'gives no answer: connect ECONNREFUSED'],
    ['starts for ever', async () => undefined, 'is still starting'],
    ['has another key', () => pdp({ apiKey: 'another-key' }), 'gives no answer: it refuses the key (401)'],
    [
      'is unready',
      () => serve((_, response) => answer(response, 503, { status: 'unready', revision: null })),
      'is unready',
    ],
    [
      'is no PDP',
      () => serve((_, response) => answer(response, 200, 'hello')),
      '/health answered 200, not as a PDP does',
    ],
  ])('as a task %s', async (_, place, reason) => {
    const gate = await gated({ a1: await place() });
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(reason);
    expect(gate.waits).toHaveLength(11);
  });

  it('as ECS does not answer, or does not allow', async () => {
    const gate = await gated({ a1: await pdp() });
    gate.ecs.refuse('ListTasks', 'AccessDeniedException', 'the gate may not');
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(
      `${heading()}\nECS cannot be asked for the tasks: AccessDeniedException: the gate may not`,
    );
  });

  it('as the function is packed for another revision than the one that is deployed', async () => {
    const gate = await gated({ a1: await pdp() });
    await expect(gate.invoke(await resourceEvent('Update', { Revision: 'new' }), CONTEXT)).rejects.toThrow(
      `the function is packed for revision ${expected.revision} and was asked to check new`,
    );
  });

  it('as the key cannot be read, for as long as the gate may wait for it', async () => {
    let reads = 0;
    const readKey = async () => {
      reads += 1;
      throw Object.assign(new Error('not allowed\nmore'), { name: 'AccessDeniedException' });
    };
    const gate = await gated({ a1: await pdp() }, { parts: { readKey } });
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(
      'a1 (127.0.0.1) cannot be asked, as the key cannot be read: AccessDeniedException: not allowed',
    );
    expect(reads).toBe(12);
  });

  it.each([
    [
      { PDP_URL: 'api:7000', PDP_TASK_PORT: '7000', PDP_API_KEY_SECRET: SECRET },
      'PDP_URL is no http or https URL',
    ],
    [{ PDP_URL: 'http://api', PDP_API_KEY_SECRET: SECRET }, 'PDP_TASK_PORT is no port'],
    [{ PDP_URL: 'http://api', PDP_TASK_PORT: '7000' }, 'PDP_API_KEY_SECRET is not set'],
  ])('as the function has no proper environment: %j', async (env, reason) => {
    const gate = await gated({ a1: await pdp() }, { parts: { env } });
    await expect(gate.invoke(await resourceEvent('Update'), CONTEXT)).rejects.toThrow(reason);
  });

  it('as the event is another', async () => {
    const gate = await gated({});
    await expect(gate.invoke({}, CONTEXT)).rejects.toThrow(
      'the event is neither of a custom resource nor of a lifecycle hook: it has no serviceArn',
    );
  });
});

describe('over TLS', () => {
  it('holds the certificate of a task to the authority and to the name of the service', async () => {
    const { ca, server } = await certificates();
    const place = await pdp({ tls: await certificateFiles(server) });
    const invoke = async (PDP_URL: string, PDP_CA = ca) => {
      const env = { PDP_URL, PDP_CA, PDP_TASK_PORT: '7000', PDP_API_KEY_SECRET: SECRET };
      const gate = await gated({ a1: place }, { parts: { env, readKey: async () => KEY } });
      await gate.invoke(await resourceEvent('Create'), CONTEXT);
      return gate.log;
    };
    expect(await invoke('https://api.pdp.internal:7000')).toEqual(['info 1 tasks of api have passed']);
    await expect(invoke('https://other.pdp.internal:7000')).rejects.toThrow(
      "gives no answer: Hostname/IP does not match certificate's altnames",
    );
    await expect(invoke('https://api.pdp.internal:7000', (await certificates()).ca)).rejects.toThrow(
      'gives no answer: certificate signature failure',
    );
  });
});

describe('a lifecycle hook of a blue/green deployment', () => {
  const GREEN = arn('service-revision', 'api/42');
  const details = {
    serviceArn: arn('service', 'api'),
    targetServiceRevisionArn: GREEN,
    testTrafficWeights: {},
    productionTrafficWeights: {},
  };
  const green = {
    service: fakeService(1, { deploymentConfiguration: { strategy: 'BLUE_GREEN' } }),
    serviceRevisions: { '42': { serviceRevisionArn: GREEN, taskDefinition: taskDefinitionArn('pdp:8') } },
  };
  const asGreen = (gate: Awaited<ReturnType<typeof gated>>, id: string) =>
    Object.assign(gate.ecs.cluster.tasks[id] ?? {}, { taskDefinitionArn: taskDefinitionArn('pdp:8') });

  it.each([
    ['as documented', details],
    ['in its envelope', { executionDetails: details, lifecycleStage: 'POST_SCALE_UP' }],
  ])('lets green go on when its tasks have passed; the event is %s', async (_, event) => {
    const blue = { port: await freePort() };
    const gate = await gated({ blue, green: await pdp() }, { cluster: green });
    asGreen(gate, 'green');
    expect(await gate.invoke(event, CONTEXT)).toEqual({ hookStatus: 'SUCCEEDED' });
    expect(gate.log).toEqual(['info 1 tasks of api have passed']);
    expect(actionsOf(gate)).toEqual(['DescribeServiceRevisions', 'DescribeTasks', 'ListTasks']);
  });

  it('rolls back when a task of green has not passed, and logs why', async () => {
    const gate = await gated({ green: { port: await freePort() } }, { cluster: green });
    asGreen(gate, 'green');
    expect(await gate.invoke(details, CONTEXT)).toEqual({ hookStatus: 'FAILED' });
    expect(gate.log).toEqual([expect.stringContaining('task green (127.0.0.1) gives no answer')]);
  });

  it('rolls back when green has no task, or is not known', async () => {
    const gate = await gated({ blue: await pdp() }, { cluster: green });
    expect(await gate.invoke(details, CONTEXT)).toEqual({ hookStatus: 'FAILED' });
    expect(gate.log).toEqual([`error ${heading()}\nthere are 0 of 1 tasks`]);
    gate.ecs.cluster.serviceRevisions = {};
    expect(await gate.invoke(details, CONTEXT)).toEqual({ hookStatus: 'FAILED' });
    expect(gate.log.at(-1)).toBe(`error ${heading()}\nthere is no service revision ${GREEN}`);
  });
});
