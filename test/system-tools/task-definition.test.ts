import { describe, expect, it } from 'vitest';
import { podmanContainer } from '../system/support/task-definition.ts';

/** The least that a task states, as CloudFormation has it. */
function task(container: Record<string, unknown> = {}, properties: Record<string, unknown> = {}) {
  return {
    NetworkMode: 'awsvpc',
    ContainerDefinitions: [{ Name: 'pdp', Image: 'x', ...container }],
    ...properties,
  };
}

const none = { values: {} };

describe('a container of a task definition', () => {
  it('is run as ECS would run it, to the last setting', () => {
    const container = {
      Command: ['serve', '--opa-port', 'off'],
      User: '65532:65532',
      ReadonlyRootFilesystem: true,
      Privileged: false,
      Essential: true,
      LinuxParameters: { InitProcessEnabled: true, Capabilities: { Drop: ['ALL'], Add: ['SYS_PTRACE'] } },
      Ulimits: [{ Name: 'nofile', SoftLimit: 1024, HardLimit: 65_535 }],
      HealthCheck: {
        Command: ['CMD', 'node', 'check.mjs'],
        Interval: 10,
        Timeout: 5,
        Retries: 3,
        StartPeriod: 30,
      },
      PortMappings: [{ ContainerPort: 7000, Protocol: 'tcp' }],
      Environment: [{ Name: 'PDP_HOST', Value: '0.0.0.0' }],
      Secrets: [{ Name: 'PDP_API_KEY', ValueFrom: { Ref: 'Key' } }],
      DockerLabels: { 'pdp.revision': 'abc' },
      MountPoints: [
        { SourceVolume: 'state', ContainerPath: '/state', ReadOnly: false },
        { SourceVolume: 'data', ContainerPath: '/data', ReadOnly: true },
      ],
      RestartPolicy: { Enabled: true, RestartAttemptPeriod: 60 },
      StopTimeout: 60,
      LogConfiguration: { LogDriver: 'awslogs' },
    };
    const definition = task(container, {
      Cpu: '512',
      Memory: '1024',
      RequiresCompatibilities: ['FARGATE'],
      Volumes: [{ Name: 'state' }, { Name: 'data' }],
    });
    expect(podmanContainer(definition, 'pdp', { values: { PDP_API_KEY: 'secret' } })).toEqual({
      options: [
        ...['--cpus', '0.5', '--memory', '1024m', '--memory-swap', '1024m'],
        ...['--user', '65532:65532', '--read-only', '--read-only-tmpfs=false'],
        ...['--init', '--cap-drop', 'ALL', '--cap-add', 'SYS_PTRACE'],
        ...['--ulimit', 'nofile=1024:65535'],
        ...['--health-cmd', '["node","check.mjs"]', '--health-interval', '10s', '--health-timeout', '5s'],
        ...['--health-retries', '3', '--health-start-period', '30s'],
        ...['--label', 'pdp.revision=abc'],
        ...['--volume', 'state:/state', '--volume', 'data:/data:ro'],
        ...['--env', 'PDP_HOST', '--env', 'PDP_API_KEY'],
        ...['--stop-timeout', '60'],
      ],
      command: ['serve', '--opa-port', 'off'],
      env: { PDP_HOST: '0.0.0.0', PDP_API_KEY: 'secret' },
      ports: [7000],
      stopTimeout: 60,
    });
  });

  it('stops after 30 seconds and writes where it likes when nothing is stated', () => {
    expect(podmanContainer(task(), 'pdp', none)).toEqual({
      options: ['--stop-timeout', '30'],
      command: [],
      env: {},
      ports: [],
      stopTimeout: 30,
    });
  });

  it('takes the entry point apart: a program, and words before the command', () => {
    const { options, command } = podmanContainer(
      task({ EntryPoint: ['node', 'a.mjs'], Command: ['serve'] }),
      'pdp',
      none,
    );
    expect(options).toEqual(['--entrypoint', 'node', '--stop-timeout', '30']);
    expect(command).toEqual(['a.mjs', 'serve']);
  });

  it('keeps values off the command line', () => {
    const secrets = task({ Secrets: [{ Name: 'KEY', ValueFrom: 'arn' }] });
    const { options } = podmanContainer(secrets, 'pdp', { values: { KEY: 'not to be seen' } });
    expect(options.join(' ')).not.toContain('not to be seen');
  });
});

describe('a task definition is refused', () => {
  it.each([
    ['a property of the container', task({ VolumesFrom: [] }), 'pdp: VolumesFrom is not known here'],
    ['a property of the task', task({}, { PidMode: 'task' }), 'the task of pdp: PidMode is not known here'],
    [
      'a Linux parameter',
      task({ LinuxParameters: { Tmpfs: [] } }),
      'LinuxParameters: Tmpfs is not known here',
    ],
    [
      'a name that objects have by themselves',
      task({ constructor: 1 }),
      'pdp: constructor is not known here',
    ],
    [
      'a privileged container',
      task({ Privileged: true }),
      'pdp: Privileged: only false is known here, not true',
    ],
    [
      'another network',
      task({}, { NetworkMode: 'host' }),
      'NetworkMode: only awsvpc is known here, not "host"',
    ],
    [
      'a check that needs a shell',
      task({ HealthCheck: { Command: ['CMD-SHELL', 'x'] } }),
      'the image has no shell',
    ],
    ['a UDP port', task({ PortMappings: [{ ContainerPort: 1, Protocol: 'udp' }] }), 'only equal TCP ports'],
    [
      'a port range',
      task({ PortMappings: [{ ContainerPortRange: '1-2' }] }),
      'ContainerPortRange is not known here',
    ],
    ['a secret without a value', task({ Secrets: [{ Name: 'KEY' }] }), 'KEY: a secret; give it a value'],
    [
      'a reference without a value',
      task({ Environment: [{ Name: 'CA', Value: { Ref: 'X' } }] }),
      'CA: {"Ref":"X"} is a',
    ],
  ])('with %s that the translation does not know', (_what, definition, message) => {
    expect(() => podmanContainer(definition, 'pdp', none)).toThrow(message);
  });

  it('that has no such container', () => {
    expect(() => podmanContainer(task(), 'other', none)).toThrow('the task has no container other');
  });
});
