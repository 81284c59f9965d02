import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { EmbeddedPdp } from '../../lib/embedded-pdp.ts';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { ProtectedFunction, type ProtectedFunctionProps } from '../../lib/protected-function.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { builtImage, isolatedStack, newApp, temporaryDirectory } from './support.ts';
import { only, resources, roleStatements, securityGroupRules, target } from './template.ts';

const outdir = temporaryDirectory();
const entry = 'lambda/sample/view-note.ts';

type Own = Partial<ProtectedFunctionProps>;

/** A function with the PDP inside it; `own` may need the stack. */
function embedded(own: Own | ((stack: Stack) => Own) = {}) {
  const stack = new Stack(newApp(outdir), 'Test');
  const pdp = new EmbeddedPdp(stack, 'Pdp', { policies: 'pdp-container/policies' });
  const props = typeof own === 'function' ? own(stack) : own;
  new ProtectedFunction(stack, 'View', { pdp, entry, ...props });
  return Template.fromStack(stack);
}

function inVpc(own: Own | ((stack: Stack, vpc: Vpc) => Own) = {}) {
  const { stack, vpc } = isolatedStack(outdir);
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });
  const props = typeof own === 'function' ? own(stack, vpc) : own;
  new ProtectedFunction(stack, 'View', { pdp, entry, ...props });
  return Template.fromStack(stack);
}

const viewOf = (template: Template) => resources(template, 'AWS::Lambda::Function').View ?? {};
const rolesOf = (template: Template, name: string) =>
  roleStatements(template).filter((line) => line.startsWith(name));

const INTERFACES =
  'ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ' +
  'ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses on *';

/** What a function with that role, in a VPC, may do to reach the PDP on Fargate. */
const statementsInVpc = (role: string) => [
  `${role}: Allow ${INTERFACES}`,
  `${role}: Allow logs:CreateLogStream logs:PutLogEvents on ViewLog`,
  `${role}: Allow secretsmanager:GetSecretValue on PdpApiKey`,
  `${role}: Deny ${INTERFACES} if {"Null":{"lambda:SourceFunctionArn":"false"}}`,
];

describe('a function whose PDP is inside it', () => {
  const template = embedded();

  it('runs on Node 24 and ARM64, outside of any VPC, with the layer of the PDP', () => {
    expect(viewOf(template)).toEqual({
      Architectures: ['arm64'],
      Code: expect.anything(),
      Environment: { Variables: { PDP_BUNDLE: '/opt/pdp' } },
      Handler: 'index.handler',
      Layers: [{ Ref: expect.stringMatching(/^PdpLayer/) }],
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/^ViewLog/) } },
      MemorySize: 1024,
      Role: { 'Fn::GetAtt': [expect.stringMatching(/^ViewRole/), 'Arn'] },
      Runtime: 'nodejs24.x',
      Timeout: 10,
    });
  });

  it('may write its own log, and that is all', () => {
    expect(roleStatements(template)).toEqual([
      'ViewRole: Allow logs:CreateLogStream logs:PutLogEvents on ViewLog',
    ]);
  });

  it('keeps its log for a month, and when it is removed', () => {
    const [log] = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(log).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 30 } });
  });
});

describe('a function whose PDP is in a VPC', () => {
  const template = inVpc();

  it('is in the private subnets of that VPC, with a security group of its own', () => {
    expect(viewOf(template).VpcConfig).toEqual({
      SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^ViewSecurityGroup/), 'GroupId'] }],
      SubnetIds: [
        { Ref: expect.stringMatching(/^VpcInSubnet1/) },
        { Ref: expect.stringMatching(/^VpcInSubnet2/) },
      ],
    });
  });

  it('reaches the PDP and Secrets Manager', () => {
    expect(securityGroupRules(template).filter((rule) => rule.includes('View'))).toEqual([
      'PdpSecurityGroup in tcp 7000 ViewSecurityGroup',
      'ViewSecurityGroup out tcp 443 0.0.0.0/0',
      'ViewSecurityGroup out tcp 7000 PdpSecurityGroup',
    ]);
  });

  it('may attach to the VPC, but its code may not; it may write its log and read the key', () => {
    expect(rolesOf(template, 'View')).toEqual(statementsInVpc('ViewRole'));
  });

  it('knows where the PDP is', () => {
    expect(viewOf(template).Environment).toEqual({
      Variables: {
        PDP_URL: 'https://api.pdp.internal:7000',
        PDP_API_KEY_SECRET: { Ref: expect.stringMatching(/^PdpApiKey/) },
        PDP_CA: expect.anything(),
        PDP_CA_GENERATION: '1',
      },
    });
  });
});

describe('what a user sets', () => {
  it('wins over the defaults', () => {
    const template = embedded({
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.X86_64,
      memorySize: 512,
      timeout: Duration.seconds(3),
      loggingFormat: LoggingFormat.TEXT,
      logRetention: RetentionDays.ONE_WEEK,
      logRemovalPolicy: RemovalPolicy.DESTROY,
      environment: { TABLE: 'notes' },
      description: 'shows a note',
    });
    expect(viewOf(template)).toMatchObject({
      Architectures: ['x86_64'],
      Description: 'shows a note',
      Environment: { Variables: { TABLE: 'notes', PDP_BUNDLE: '/opt/pdp' } },
      LoggingConfig: { LogFormat: 'Text' },
      MemorySize: 512,
      Runtime: 'nodejs22.x',
      Timeout: 3,
    });
    const [log] = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(log).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 7 } });
    // No custom resource that sets a retention: the log is a resource of its own.
    expect(Object.keys(resources(template, 'AWS::Lambda::Function'))).toEqual(['View']);
  });

  it('may be a log group', () => {
    const template = embedded((stack) => ({ logGroup: new LogGroup(stack, 'Shared') }));
    expect(Object.keys(resources(template, 'AWS::Logs::LogGroup'))).toEqual(['Shared']);
    expect(rolesOf(template, 'View')).toEqual([
      'ViewRole: Allow logs:CreateLogStream logs:PutLogEvents on Shared',
    ]);
  });

  it('may be a role, which gets what the function needs', () => {
    const template = inVpc((stack) => ({
      role: new Role(stack, 'Own', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
    }));
    expect(resources(template, 'AWS::IAM::Role')).not.toHaveProperty('ViewRole');
    expect(rolesOf(template, 'Own')).toEqual(statementsInVpc('Own'));
  });

  it('may be security groups and subnets', () => {
    const template = inVpc((stack, vpc) => ({
      securityGroups: [new SecurityGroup(stack, 'Group', { vpc, allowAllOutbound: false })],
      vpcSubnets: { subnets: vpc.isolatedSubnets.slice(0, 1) },
    }));
    expect(viewOf(template).VpcConfig).toEqual({
      SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^Group/), 'GroupId'] }],
      SubnetIds: [{ Ref: expect.stringMatching(/^VpcInSubnet1/) }],
    });
    expect(securityGroupRules(template).filter((rule) => rule.includes('Group out tcp 7000'))).toEqual([
      'Group out tcp 7000 PdpSecurityGroup',
    ]);
  });

  it('may be open to the world, when it is said', () => {
    const template = inVpc({ allowAllOutbound: true });
    expect(securityGroupRules(template)).toContain('ViewSecurityGroup out -1 undefined 0.0.0.0/0');
  });

  it('may be a VPC for something else than the PDP: still with no way out', () => {
    const template = embedded((stack) => ({ vpc: new Vpc(stack, 'Vpc', { natGateways: 1 }) }));
    const subnets = (viewOf(template).VpcConfig as { SubnetIds: unknown[] }).SubnetIds.map(target);
    expect(subnets).toEqual([expect.stringMatching(/^VpcPrivate/), expect.stringMatching(/^VpcPrivate/)]);
    expect(securityGroupRules(template).filter((rule) => rule.startsWith('View'))).toEqual([
      'ViewSecurityGroup out icmp 252-86 255.255.255.255/32',
    ]);
    expect(rolesOf(template, 'View').filter((line) => line.includes('ec2:'))).toHaveLength(2);
  });
});

describe('the VPC', () => {
  const attributes = { vpcId: 'vpc-1', availabilityZones: ['a'], isolatedSubnetIds: ['subnet-1'] };

  it('may be named again, also by another import of it', () => {
    const stack = new Stack(newApp(outdir), 'Test');
    const [one, same, other] = ['One', 'Same', 'Other'].map((id) =>
      Vpc.fromVpcAttributes(stack, id, { ...attributes, ...(id === 'Other' ? { vpcId: 'vpc-2' } : {}) }),
    );
    const pdp = new FargatePdp(stack, 'Pdp', { vpc: one as Vpc, ...builtImage });
    const make = (id: string, vpc = same) => new ProtectedFunction(stack, id, { pdp, entry, vpc });
    expect(make('First', one).isBoundToVpc).toBe(true);
    expect(make('Second').isBoundToVpc).toBe(true);
    expect(() => make('Third', other)).toThrow(SynthesisError);
  });

  it('is no other than the PDP’s, though they are called the same', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });
    const elsewhere = new Stack(stack.node.root, 'Elsewhere');
    const other = new Vpc(elsewhere, 'Vpc', {
      natGateways: 0,
      subnetConfiguration: [{ name: 'In', subnetType: SubnetType.PRIVATE_ISOLATED }],
    });
    expect(() => new ProtectedFunction(elsewhere, 'View', { pdp, entry, vpc: other })).toThrow(
      new SynthesisError(
        'Elsewhere/View: vpc: Elsewhere/Vpc is not the VPC of Test/Pdp, which is Test/Vpc, so the function could ' +
          'not reach the PDP; leave vpc out, or give the PDP the same',
      ),
    );
  });
});

describe('the environment', () => {
  const stack = new Stack(newApp(outdir), 'Test');
  const pdp = new EmbeddedPdp(stack, 'Pdp', { policies: 'pdp-container/policies' });

  it.each(['PDP_URL', 'PDP_BUNDLE', 'PDP_API_KEY', 'PDP_API_KEY_SECRET', 'PDP_CA'])(
    'has no %s of the user',
    (name) => {
      const environment = { [name]: 'x' };
      expect(() => new ProtectedFunction(stack, 'View', { pdp, entry, environment })).toThrow(
        new SynthesisError(
          `Test/View: environment: ${name} is the PDP's to set; leave it out, pdp says which PDP is asked`,
        ),
      );
    },
  );
});

describe('the bundle', () => {
  function assetOf(template: Template): string {
    const { S3Key } = viewOf(template).Code as { S3Key: string };
    return join(outdir, `asset.${S3Key.replace('.zip', '')}`);
  }

  /** Runs a program beside the bundle, in a process of its own. */
  function run(directory: string, program: string, env: Record<string, string> = {}): unknown {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    });
    return JSON.parse(output);
  }

  it('is one small ES module that decides by the layer', () => {
    const template = embedded();
    const directory = assetOf(template);
    expect(readdirSync(directory)).toEqual(['index.mjs']);
    const code = readFileSync(join(directory, 'index.mjs'), 'utf8');
    expect(code.length).toBeLessThan(150_000);
    expect(code).not.toMatch(/sourceMappingURL/);
    expect(code).toContain('import("@aws-sdk/client-secrets-manager")');
    const { S3Key } = only(template, 'AWS::Lambda::LayerVersion').Content as { S3Key: string };
    const layer = join(outdir, `asset.${S3Key.replace('.zip', '')}`);
    const program = `
      const { handler } = await import('./index.mjs');
      const view = async (sub) => {
        const authorizer = { jwt: { claims: { sub } } };
        const event = { pathParameters: { tenant: 'acme', note: 'roadmap' }, requestContext: { authorizer } };
        return (await handler(event, { getRemainingTimeInMillis: () => 30_000 })).statusCode;
      };
      console.log(JSON.stringify([await view('bob'), await view('erin'), await view()]));
    `;
    expect(run(directory, program, { PDP_BUNDLE: join(layer, 'pdp') })).toEqual([200, 403, 401]);
  });

  const CALL = `
    const { handler } = await import('./index.mjs');
    console.log(JSON.stringify(await handler({ a: 1 })));
  `;

  it.each([true, false])('carries CommonJS packages that require what Node has (minify: %s)', (minify) => {
    const directory = assetOf(
      embedded({ entry: 'test/lib/functions/uses-commonjs.mjs', bundling: { minify } }),
    );
    expect(run(directory, CALL)).toEqual({ said: '{ a: 1 }', sep: '/' });
  });

  it('takes the options of the user, besides its own', () => {
    const directory = assetOf(
      embedded({
        bundling: {
          sourceMap: true,
          externalModules: ['@middy/core'],
          banner: '/* notes */',
          target: 'node22',
        },
      }),
    );
    expect(readdirSync(directory).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    const code = readFileSync(join(directory, 'index.mjs'), 'utf8');
    expect(code).toContain('/* notes */');
    expect(code).toMatch(/from"@middy\/core"/);
    expect(code).toContain('import("@aws-sdk/client-secrets-manager")');
  });

  it('is CommonJS when that is asked for', () => {
    const directory = assetOf(
      embedded({ entry: 'test/lib/functions/legacy.cjs', bundling: { format: OutputFormat.CJS } }),
    );
    expect(readdirSync(directory)).toEqual(['index.js']);
    expect(readFileSync(join(directory, 'index.js'), 'utf8')).not.toContain('import.meta');
  });
});
