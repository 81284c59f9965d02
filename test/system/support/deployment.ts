import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, command } from './command.ts';
import type { Containers } from './containers.ts';
import type { MockAws } from './mock-aws.ts';
import { pythonProgram } from './python.ts';

const cdk = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
const docker = fileURLToPath(new URL('docker-on-buildah.ts', import.meta.url));
const holdings = fileURLToPath(new URL('python/holdings.py', import.meta.url));

/** The account of the mock, and the region that the tests deploy to. */
export const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';

/** The `cdk` tool on a mock of AWS, with buildah in place of Docker. */
export interface Deployment {
  cdk(...args: string[]): Promise<CommandResult>;
  /** The commands that it gave Docker: name and arguments. */
  dockerCommands(): Promise<string[][]>;
  /** What the mock holds. */
  holdings(): Promise<Holdings>;
}

/** The parts of what the mock holds that are read. */
export interface Holdings {
  stacks: {
    name: string;
    status: string;
    created: string;
    /** Physical ids, by logical id. */
    resources: Record<string, string | null>;
  }[];
  services: {
    serviceName: string;
    serviceArn: string;
    networkConfiguration: { awsvpcConfiguration: { subnets: string[]; securityGroups: string[] } };
    serviceRegistries: { registryArn: string }[];
    task: { containerDefinitions: { name: string; image: string; secrets?: { valueFrom: string }[] }[] };
  }[];
  functions: {
    FunctionName: string;
    Environment?: { Variables: Record<string, string> };
    VpcConfig?: { SubnetIds: string[]; SecurityGroupIds: string[] };
  }[];
  securityGroups: { GroupId: string; IpPermissions: Permission[]; IpPermissionsEgress: Permission[] }[];
  endpoints: { VpcEndpointId: string; ServiceName: string; Groups?: { GroupId: string }[] }[];
  secrets: string[];
  discovery: { Arn: string; Name: string }[];
}

export interface Permission {
  IpProtocol: string;
  FromPort?: number;
  ToPort?: number;
  IpRanges: { CidrIp: string }[];
  UserIdGroupPairs: { GroupId: string }[];
}

/** @param directory an empty one, for what is pushed and recorded */
export async function openDeployment(
  { env }: MockAws,
  containers: Containers,
  directory: string,
): Promise<Deployment> {
  await mkdir(directory, { recursive: true });
  const record = join(directory, 'docker.jsonl');
  const variables = {
    ...env,
    ...containers.env,
    CDK_DOCKER: docker,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    DOCKER_RECORD: record,
    DOCKER_REGISTRY: join(directory, 'registry'),
    // The Node of these tests for the programs that are scripts.
    PATH: `${dirname(process.execPath)}:${process.env.PATH}:/usr/sbin:/sbin`,
  };
  return {
    // Away from the checkout, whose `cdk.json` names another app.
    cdk: (...args) =>
      command(process.execPath, [cdk, ...args, '--no-notices', '--ci'], { cwd: directory, env: variables }),
    async dockerCommands() {
      const lines = (await readFile(record, 'utf8')).trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line) as string[]);
    },
    async holdings() {
      const { stdout } = await command(await pythonProgram('python'), [holdings], { env: variables });
      return JSON.parse(stdout) as Holdings;
    },
  };
}
