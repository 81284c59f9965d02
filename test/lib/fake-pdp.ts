import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { MonitoredPdp } from '../../lib/monitored-pdp.ts';
import type { PdpGrantee } from '../../lib/pdp.ts';
import { principalOf } from '../../lib/private/grantee.ts';

/** A PDP that is nowhere, and has metrics. */
export class FakePdp extends MonitoredPdp {
  readonly connections = undefined;
  readonly endpoint = undefined;
  readonly vpc = undefined;
  readonly environment = {};
  readonly expectedTasks: number | undefined;
  readonly metricsName: string | undefined;

  constructor(scope: Construct, id: string, metricsName?: string, expectedTasks?: number) {
    super(scope, id);
    this.metricsName = metricsName;
    this.expectedTasks = expectedTasks;
  }

  grantEvaluate(grantee: PdpGrantee): Grant {
    return Grant.drop(principalOf(grantee), 'there is nothing to ask');
  }
}

/** One whose certificate is renewed by a function. */
export class FakePdpWithCertificate extends FakePdp {
  metricCertificateErrors(props?: MetricOptions): Metric {
    const dimensionsMap = { FunctionName: 'renew' };
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap,
      statistic: 'Sum',
      period: Duration.minutes(1),
      ...props,
    });
  }
}
