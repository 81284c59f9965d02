/** A container of a task definition, as podman runs it. */
export interface PodmanContainer {
  /** Options of `podman run`, without name, network and image. */
  options: string[];
  /** What comes after the image's name. */
  command: string[];
  /** For podman's own environment: `options` name the variables, so that no value is in a list of processes. */
  env: Record<string, string>;
  /** TCP ports that it listens on, in the task's own network. */
  ports: number[];
  /** Seconds from SIGTERM to SIGKILL. */
  stopTimeout: number;
}

export interface Given {
  /** Values of secrets, and of variables that are references in the template, by the variable's name. */
  values: Readonly<Record<string, string>>;
}

type Properties = Record<string, unknown>;
type Translated = string[] | undefined;

/** ECS' own, where a container states none. */
const STOP_TIMEOUT_SECONDS = 30;

/** Has no meaning on one machine. */
const nothing = (): undefined => undefined;

/**
 * Translates a container of an `AWS::ECS::TaskDefinition`, so that what is tested is what is deployed. Units and
 * defaults: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 *
 * @param name the container's
 * @throws Error on a property that is not known here, and on a variable without a value
 */
export function podmanContainer(task: Properties, name: string, given: Given): PodmanContainer {
  const options = translate(`the task of ${name}`, task, TASK);
  const container = containersOf(task).find((one) => one.Name === name);
  if (container === undefined) throw new Error(`the task has no container ${name}`);
  options.push(...translate(name, container, CONTAINER));
  const env = { ...environmentOf(container, given), ...secretsOf(container, given) };
  options.push(...Object.keys(env).flatMap((variable) => ['--env', variable]));
  const [entrypoint, ...first] = (container.EntryPoint ?? []) as string[];
  if (entrypoint !== undefined) options.push('--entrypoint', entrypoint);
  const stopTimeout = Number(container.StopTimeout ?? STOP_TIMEOUT_SECONDS);
  return {
    options: [...options, '--stop-timeout', `${stopTimeout}`],
    command: [...first, ...((container.Command ?? []) as string[])],
    env,
    ports: list(container.PortMappings).map(portOf),
    stopTimeout,
  };
}

export function containersOf(task: Properties): Properties[] {
  return list(task.ContainerDefinitions);
}

type Translations = Record<string, (value: unknown) => Translated>;

const TASK: Translations = {
  // A task is given what it states, and it is a hard limit.
  Cpu: (units) => ['--cpus', `${Number(units) / 1024}`],
  Memory: (mebibytes) => ['--memory', `${mebibytes}m`, '--memory-swap', `${mebibytes}m`],
  ContainerDefinitions: nothing,
  NetworkMode: only('awsvpc'),
  RequiresCompatibilities: nothing,
  // The image is one of this machine's architecture.
  RuntimePlatform: nothing,
  // There is no AWS to be allowed anything at.
  ExecutionRoleArn: nothing,
  TaskRoleArn: nothing,
  // Where one is mounted it is made.
  Volumes: nothing,
  Family: nothing,
  Tags: nothing,
};

const CONTAINER: Translations = {
  // Read by `podmanContainer` itself.
  Name: nothing,
  Image: nothing,
  EntryPoint: nothing,
  Command: nothing,
  Environment: nothing,
  Secrets: nothing,
  PortMappings: nothing,
  StopTimeout: nothing,
  Memory: (mebibytes) => ['--memory', `${mebibytes}m`, '--memory-swap', `${mebibytes}m`],
  MemoryReservation: (mebibytes) => ['--memory-reservation', `${mebibytes}m`],
  Cpu: (units) => (Number(units) === 0 ? [] : ['--cpu-shares', `${units}`]),
  User: (user) => ['--user', `${user}`],
  // Fargate's read-only root has no writable /tmp either.
  ReadonlyRootFilesystem: (is) => (is === true ? ['--read-only', '--read-only-tmpfs=false'] : []),
  Privileged: only(false),
  LinuxParameters: (value) => translate('LinuxParameters', value as Properties, LINUX),
  Ulimits: (value) =>
    list(value).flatMap(({ Name, SoftLimit, HardLimit }) => [
      '--ulimit',
      `${Name}=${SoftLimit}:${HardLimit}`,
    ]),
  HealthCheck: (value) => translate('HealthCheck', value as Properties, HEALTH_CHECK),
  DockerLabels: (labels) =>
    Object.entries(labels as Properties).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  // As on Fargate, an empty volume begins as the directory of the image, with its owner.
  MountPoints: (value) =>
    list(value).flatMap(({ SourceVolume, ContainerPath, ReadOnly }) => [
      '--volume',
      `${SourceVolume}:${ContainerPath}${ReadOnly === true ? ':ro' : ''}`,
    ]),
  // Tests end it and start it again themselves.
  RestartPolicy: nothing,
  // Without it the task goes on; there is one container here.
  Essential: nothing,
  // No CloudWatch Logs here: podman keeps the log.
  LogConfiguration: nothing,
};

const LINUX: Translations = {
  InitProcessEnabled: (is) => (is === true ? ['--init'] : []),
  Capabilities: (value) => translate('Capabilities', value as Properties, CAPABILITIES),
};

const CAPABILITIES: Translations = {
  Add: (names) => (names as string[]).flatMap((name) => ['--cap-add', name]),
  Drop: (names) => (names as string[]).flatMap((name) => ['--cap-drop', name]),
};

const HEALTH_CHECK: Translations = {
  // Podman puts CMD before a list of words by itself.
  Command: (value) => {
    const [kind, ...words] = value as string[];
    if (kind !== 'CMD') throw new Error(`${kind} is not known here: the image has no shell`);
    return ['--health-cmd', JSON.stringify(words)];
  },
  Interval: (seconds) => ['--health-interval', `${seconds}s`],
  Timeout: (seconds) => ['--health-timeout', `${seconds}s`],
  Retries: (times) => ['--health-retries', `${times}`],
  StartPeriod: (seconds) => ['--health-start-period', `${seconds}s`],
};

function translate(what: string, properties: Properties, translations: Translations): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const translation = Object.hasOwn(translations, name) ? translations[name] : undefined;
    if (translation === undefined) throw new Error(`${what}: ${name} is not known here`);
    try {
      return translation(value) ?? [];
    } catch (error) {
      throw new Error(`${what}: ${name}: ${(error as Error).message}`);
    }
  });
}

function only(expected: unknown): (value: unknown) => undefined {
  return (value) => {
    if (value !== expected) throw new Error(`only ${expected} is known here, not ${JSON.stringify(value)}`);
  };
}

function environmentOf(container: Properties, { values }: Given): Record<string, string> {
  return Object.fromEntries(
    list(container.Environment).map(({ Name, Value }) => {
      const name = String(Name);
      const value = values[name] ?? Value;
      if (typeof value === 'string') return [name, value];
      throw new Error(`${name}: ${JSON.stringify(Value)} is a reference; give it a value`);
    }),
  );
}

function secretsOf(container: Properties, { values }: Given): Record<string, string> {
  return Object.fromEntries(
    list(container.Secrets).map(({ Name }) => {
      const name = String(Name);
      const value = values[name];
      if (value !== undefined) return [name, value];
      throw new Error(`${name}: a secret; give it a value`);
    }),
  );
}

function portOf({ ContainerPort, Protocol = 'tcp', HostPort = ContainerPort, ...more }: Properties): number {
  const { Name: _name, AppProtocol: _appProtocol, ...unknown } = more;
  const [unknownName] = Object.keys(unknown);
  if (unknownName !== undefined) throw new Error(`PortMappings: ${unknownName} is not known here`);
  if (Protocol !== 'tcp' || HostPort !== ContainerPort)
    throw new Error('PortMappings: only equal TCP ports are known');
  return Number(ContainerPort);
}

function list(value: unknown): Properties[] {
  return (value ?? []) as Properties[];
}
