import { Duration } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { CloudMapOptions, FargateService } from 'aws-cdk-lib/aws-ecs';
import {
  DnsRecordType,
  type INamespace,
  NamespaceType,
  PrivateDnsNamespace,
} from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';
import type { Exposure } from './exposure.ts';
import { PDP_PORT } from './pdp-container.ts';

/** How long a resolver may keep the addresses: what a client is behind, at most, when tasks come and go. */
export const DNS_TTL = Duration.seconds(10);

export interface PrivateDnsProps {
  readonly vpc: IVpc;
  readonly scheme: 'http' | 'https';
  readonly namespace: INamespace | undefined;
  readonly name: string;
}

/** The tasks by their addresses, under a name in a private DNS namespace. */
export class PrivateDns implements Exposure {
  readonly endpoint: string;
  readonly port = PDP_PORT;
  readonly serverNames: string[];
  readonly cloudMapOptions: CloudMapOptions;

  /** @throws SynthesisError when the namespace is not a private DNS one */
  constructor(scope: Construct, { vpc, scheme, namespace, name }: PrivateDnsProps) {
    const cloudMapNamespace = checked(
      namespace ?? new PrivateDnsNamespace(scope, 'Namespace', { vpc, name: 'pdp.internal' }),
    );
    const host = `${name}.${cloudMapNamespace.namespaceName}`;
    this.endpoint = `${scheme}://${host}:${PDP_PORT}`;
    this.serverNames = [host];
    this.cloudMapOptions = { cloudMapNamespace, name, dnsRecordType: DnsRecordType.A, dnsTtl: DNS_TTL };
  }

  attach({ connections }: FargateService) {
    return { connections };
  }
}

function checked(namespace: INamespace): INamespace {
  if (namespace.type === NamespaceType.DNS_PRIVATE) return namespace;
  throw new SynthesisError(
    `namespace: ${namespace.type} has no private names; use a PrivateDnsNamespace of the PDP's VPC`,
  );
}
