import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CustomResource, Duration } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { IPolicyStore } from '../policy-store.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { BUNDLE_FILE, writeFirstBundle } from './bundle.ts';
import { type FunctionLogs, roleWithLog } from './function-role.ts';
import { kitFunction } from './package-files.ts';
import { stage } from './staging.ts';

/** Lambda unpacks 250 MiB of a package at the most. */
const MAX_BUNDLE = 200 * 1024 * 1024;

/**
 * Puts the first policies into a store, with a function that has them in its package: it may write the one object, and
 * read nothing.
 *
 * @throws SynthesisError when the policies cannot be built, or are too many for a function's package
 */
export function putFirst(
  store: Construct & IPolicyStore,
  policies: string,
  logs: FunctionLogs,
): { resource: CustomResource; role: Role } {
  const scope = new Construct(store, 'First');
  let revision = '';
  const { fn, role } = storeFunction(scope, 'Puts the first policies into their store', logs, (directory) => {
    const bundle = join(directory, BUNDLE_FILE);
    ({ revision } = writeFirstBundle(policies, bundle));
    if (statSync(bundle).size <= MAX_BUNDLE) return;
    throw new SynthesisError(
      `policies: their bundle has more than ${MAX_BUNDLE} bytes; leave them out, and publish them with pdp publish`,
    );
  });
  role.addToPolicy(
    new PolicyStatement({
      actions: ['s3:PutObject'],
      resources: [store.bucket.arnForObjects(store.objectKey)],
    }),
  );
  const { encryptionKey } = store.bucket;
  if (encryptionKey !== undefined) encryptionKey.grant(role, 'kms:GenerateDataKey');
  const resource = new CustomResource(scope, 'Policies', {
    serviceToken: fn.functionArn,
    resourceType: 'Custom::PdpPolicies',
    // Time for Lambda's two retries.
    serviceTimeout: Duration.minutes(10),
    // Another revision is put only if there is still nothing, as when a publication was taken away.
    properties: { Bucket: store.bucket.bucketName, Key: store.objectKey, Revision: revision },
  });
  // Nobody else may write from the moment that there is something.
  if (store.bucket.policy !== undefined) resource.node.addDependency(store.bucket.policy);
  return { resource, role };
}

/** The public half of an asymmetric key in KMS, in PEM: a value known at deployment. */
export function publicKeyOf(store: Construct, signingKey: IKey, logs: FunctionLogs): string {
  const scope = new Construct(store, 'SigningKey');
  const { fn, role } = storeFunction(scope, 'Reads the public key that bundles are signed for', logs);
  role.addToPolicy(new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [signingKey.keyArn] }));
  const resource = new CustomResource(scope, 'VerifyKey', {
    serviceToken: fn.functionArn,
    resourceType: 'Custom::PdpVerifyKey',
    serviceTimeout: Duration.minutes(10),
    properties: { KeyId: signingKey.keyArn },
  });
  return resource.getAttString('VerifyKey');
}

function storeFunction(
  scope: Construct,
  description: string,
  logs: FunctionLogs,
  fill: (directory: string) => void = () => {},
): { fn: LambdaFunction; role: Role } {
  const { role, logGroup } = roleWithLog(scope, '', logs);
  const fn = stage(
    scope,
    (directory) => {
      copyFileSync(join(kitFunction('policy-store'), 'index.mjs'), join(directory, 'index.mjs'));
      fill(directory);
    },
    (directory) =>
      new LambdaFunction(scope, 'Function', {
        description,
        code: Code.fromAsset(directory),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        memorySize: 512,
        timeout: Duration.minutes(2),
        role,
        logGroup,
        loggingFormat: LoggingFormat.JSON,
      }),
  );
  return { fn, role };
}
