import { Duration, Stack } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { ask, call, EVALUATION } from '../pdp-container/support/client.ts';
import { startServer } from '../pdp-container/support/server.ts';
import { FakePdp } from './fake-pdp.ts';
import { newApp, temporaryDirectory } from './support.ts';

const app = newApp(temporaryDirectory());
const stack = new Stack(app, 'Stack', { env: { account: '111111111111', region: 'eu-central-1' } });
const pdp = new FakePdp(stack, 'Pdp', 'notes');

const METRICS = {
  metricDecisions: ['Decisions', 'Sum'],
  metricDenials: ['Denials', 'Sum'],
  metricPolicyErrors: ['PolicyErrors', 'Sum'],
  metricDecisionTime: ['DecisionTime', 'p99'],
  metricRequests: ['Requests', 'Sum'],
  metricServerErrors: ['ServerErrors', 'Sum'],
  metricFailedReloads: ['FailedReloads', 'Sum'],
  metricStaleSeconds: ['StaleSeconds', 'Maximum'],
  metricReadyTasks: ['Ready', 'Sum'],
  metricLogLinesDropped: ['LogLinesDropped', 'Sum'],
} as const;

const NAMES = Object.keys(METRICS) as (keyof typeof METRICS)[];

const said = (metric: Metric) => ({
  namespace: metric.namespace,
  metricName: metric.metricName,
  dimensions: metric.dimensions,
  statistic: metric.statistic,
  period: metric.period.toSeconds(),
});

describe.each(NAMES)('%s', (name) => {
  const [metricName, statistic] = METRICS[name];

  it('is over one minute, of all tasks under the name of the PDP', () => {
    expect(said(pdp[name]())).toEqual({
      namespace: 'ServerlessPdp',
      metricName,
      dimensions: { Pdp: 'notes' },
      statistic,
      period: 60,
    });
  });

  it('is of the account and region of the PDP, wherever it is used', () => {
    expect(pdp[name]()).toMatchObject({ account: '111111111111', region: 'eu-central-1' });
  });
});

it.each(NAMES.filter((name) => name !== 'metricReadyTasks'))('%s takes other options', (name) => {
  const options = { period: Duration.hours(1), statistic: 'Minimum', label: 'least' };
  const metric = pdp[name](options);
  expect(said(metric)).toMatchObject({ statistic: 'Minimum', period: 3600 });
  expect(metric.label).toBe('least');
});

it('metricReadyTasks is a number of tasks, whatever it is asked for', () => {
  const options = { period: Duration.hours(1), statistic: 'Average', label: 'ready' };
  const metric = pdp.metricReadyTasks(options);
  expect(said(metric)).toMatchObject({ statistic: 'Sum', period: 60 });
  expect(metric.label).toBe('ready');
});

it('any metric can be had by its name', () => {
  expect(said(pdp.metric('Ready', { statistic: 'Minimum' }))).toEqual({
    namespace: 'ServerlessPdp',
    metricName: 'Ready',
    dimensions: { Pdp: 'notes' },
    statistic: 'Minimum',
    period: 60,
  });
});

it('a PDP that writes none, or under a name that is not known, has none', () => {
  const unknown = new FakePdp(stack, 'Unknown');
  for (const name of NAMES) {
    expect(() => unknown[name]()).toThrow(SynthesisError);
    expect(() => unknown[name]()).toThrow('Stack/Unknown: no metrics are known of it; run the kit');
  }
});

it('the metrics are the ones that a server writes, every one of them', async () => {
  const server = await startServer({ cloudwatchMetrics: 'notes' });
  await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  await server.close();
  const line = await server.logged('metrics');
  const { CloudWatchMetrics } = line._aws as {
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
  };
  expect(CloudWatchMetrics).toHaveLength(1);
  const [directive] = CloudWatchMetrics;
  for (const name of NAMES) {
    const { namespace, dimensions } = pdp[name]();
    expect(directive).toMatchObject({ Namespace: namespace, Dimensions: [Object.keys(dimensions ?? {})] });
    expect(line).toMatchObject(dimensions ?? {});
  }
  expect(directive?.Metrics.map(({ Name }) => Name).sort()).toEqual(
    NAMES.map((name) => pdp[name]().metricName).sort(),
  );
});
