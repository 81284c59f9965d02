import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  ServerlessChecks,
} from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import type { IMonitoredPdp } from '../../lib/monitored-pdp.ts';
import { PdpMonitoring, type PdpMonitoringProps } from '../../lib/pdp-monitoring.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { FakePdp, FakePdpWithCertificate } from './fake-pdp.ts';
import { newApp, temporaryDirectory } from './support.ts';
import { only, resources, target } from './template.ts';

const outdir = temporaryDirectory();

type Props = Omit<PdpMonitoringProps, 'pdp'>;

function monitor(
  props: Props = {},
  newPdp: (stack: Stack) => IMonitoredPdp = (stack) => new FakePdp(stack, 'Pdp', 'notes', 2),
) {
  const app = newApp(outdir);
  const stack = new Stack(app, 'Stack');
  const monitoring = new PdpMonitoring(stack, 'Monitoring', {
    pdp: newPdp(stack),
    alarmActions: [],
    ...props,
  });
  const template = Template.fromStack(stack);
  /** Without the name of the construct. */
  const alarms = Object.fromEntries(
    Object.entries(resources(template, 'AWS::CloudWatch::Alarm')).map(([name, alarm]) => [
      name.replace(/^Monitoring/, ''),
      alarm,
    ]),
  );
  return { app, stack, monitoring, template, alarms };
}

const withCertificate = (stack: Stack) => new FakePdpWithCertificate(stack, 'Pdp', 'notes', 2);
const ofUnknownSize = (stack: Stack) => new FakePdp(stack, 'Pdp', 'notes');

const metric = (MetricName: string, Statistic: string, Period: number) => ({
  Namespace: 'ServerlessPdp',
  MetricName,
  Dimensions: [{ Name: 'Pdp', Value: 'notes' }],
  ...(Statistic.startsWith('p') ? { ExtendedStatistic: Statistic } : { Statistic }),
  Period,
});

/** In a math expression. */
const part = (Id: string, MetricName: string, Period: number) => ({
  Id,
  MetricStat: {
    Metric: {
      Namespace: 'ServerlessPdp',
      MetricName,
      Dimensions: [{ Name: 'Pdp', Value: 'notes' }],
    },
    Period,
    Stat: 'Sum',
  },
  ReturnData: false,
});

const THREE_OF_FIVE = { EvaluationPeriods: 5, DatapointsToAlarm: 3 };
const AT_ONCE = {
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  Threshold: 1,
  EvaluationPeriods: 1,
};

describe('the alarms of a PDP with two tasks', () => {
  const { alarms } = monitor({}, withCertificate);

  it.each([
    [
      'DenyRate',
      {
        Metrics: [
          {
            Id: 'expr_1',
            Expression: 'IF(decisions >= 100, 100 * denials / decisions, 0)',
            Label: 'Deny rate (%)',
            ReturnData: true,
          },
          part('denials', 'Denials', 300),
          part('decisions', 'Decisions', 300),
        ],
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 50,
        EvaluationPeriods: 3,
        TreatMissingData: 'notBreaching',
      },
    ],
    [
      'ErrorRate',
      {
        Metrics: [
          {
            Id: 'expr_1',
            Expression: 'IF(requests >= 20, 100 * errors / requests, 0)',
            Label: 'Error rate (%)',
            ReturnData: true,
          },
          part('errors', 'ServerErrors', 60),
          part('requests', 'Requests', 60),
        ],
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 1,
        ...THREE_OF_FIVE,
        TreatMissingData: 'notBreaching',
      },
    ],
    [
      'Latency',
      {
        ...metric('DecisionTime', 'p99', 60),
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 10_000,
        ...THREE_OF_FIVE,
        TreatMissingData: 'notBreaching',
        EvaluateLowSampleCountPercentile: 'ignore',
      },
    ],
    [
      'UnreadyTasks',
      {
        ...metric('Ready', 'Sum', 60),
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 2,
        ...THREE_OF_FIVE,
        TreatMissingData: 'breaching',
      },
    ],
    [
      'FailedReloads',
      { ...metric('FailedReloads', 'Sum', 300), ...AT_ONCE, TreatMissingData: 'notBreaching' },
    ],
    [
      'StaleRevision',
      {
        ...metric('StaleSeconds', 'Maximum', 60),
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 600,
        EvaluationPeriods: 1,
        TreatMissingData: 'ignore',
      },
    ],
    ['PolicyErrors', { ...metric('PolicyErrors', 'Sum', 300), ...AT_ONCE, TreatMissingData: 'notBreaching' }],
    [
      'LostLogLines',
      { ...metric('LogLinesDropped', 'Sum', 300), ...AT_ONCE, TreatMissingData: 'notBreaching' },
    ],
    [
      'CertificateErrors',
      {
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: 'renew' }],
        Statistic: 'Sum',
        Period: 300,
        ...AT_ONCE,
        TreatMissingData: 'ignore',
      },
    ],
  ])('%s', (name, expected) => {
    const { AlarmDescription, ...alarm } = alarms[name] ?? {};
    expect(alarm).toEqual(expected);
    // What it means, and what to do first.
    expect(AlarmDescription).toMatch(/\b(Look|mend|guard)\b/);
    // CloudWatch takes no more.
    expect((AlarmDescription as string).length).toBeLessThan(1_024);
  });

  it('are these nine, under the names that they are left out by', () => {
    expect(Object.keys(alarms)).toHaveLength(9);
    const { monitoring } = monitor({}, withCertificate);
    expect([...monitoring.alarms.keys()]).toEqual([
      'denyRate',
      'errorRate',
      'latency',
      'unreadyTasks',
      'failedReloads',
      'staleRevision',
      'policyErrors',
      'lostLogLines',
      'certificateErrors',
    ]);
  });
});

it('a PDP that does not know its tasks should have one, and one without a certificate has no alarm for it', () => {
  const { alarms } = monitor({}, ofUnknownSize);
  expect(alarms.UnreadyTasks).toMatchObject({ Threshold: 1, ComparisonOperator: 'LessThanThreshold' });
  expect(alarms).not.toHaveProperty('CertificateErrors');
});

describe('options', () => {
  it('each alarm takes a name, a threshold, periods and what no data means, and tells the threshold', () => {
    const changed = {
      alarmName: 'mine',
      threshold: 7,
      evaluationPeriods: 4,
      datapointsToAlarm: 2,
      treatMissingData: TreatMissingData.MISSING,
    };
    const names = [...monitor({}, withCertificate).monitoring.alarms.keys()];
    const { alarms } = monitor(
      { alarms: Object.fromEntries(names.map((name) => [name, { ...changed, alarmName: `mine-${name}` }])) },
      withCertificate,
    );
    expect(Object.values(alarms)).toHaveLength(names.length);
    for (const [index, alarm] of Object.values(alarms).entries()) {
      expect(alarm).toMatchObject({
        AlarmName: `mine-${names[index]}`,
        Threshold: 7,
        EvaluationPeriods: 4,
        DatapointsToAlarm: 2,
        TreatMissingData: 'missing',
      });
    }
    expect(alarms.Latency?.AlarmDescription).toContain('longer than 7 µs');
    expect(alarms.DenyRate?.AlarmDescription).toContain('More than 7 % of at least 100 decisions');
  });

  it('other periods are all to be beyond the threshold', () => {
    const { alarms } = monitor({ alarms: { latency: { evaluationPeriods: 10 } } });
    expect(alarms.Latency).toMatchObject({ EvaluationPeriods: 10, DatapointsToAlarm: 10 });
  });

  it('a rate takes the fewest that it is of', () => {
    const { alarms } = monitor({ alarms: { denyRate: { minimum: 10 }, errorRate: { minimum: 5 } } });
    expect(alarms.DenyRate).toMatchObject({
      Metrics: [{ Expression: 'IF(decisions >= 10, 100 * denials / decisions, 0)' }, {}, {}],
      AlarmDescription: expect.stringContaining('at least 10 decisions'),
    });
    expect(alarms.ErrorRate).toMatchObject({
      Metrics: [{ Expression: 'IF(requests >= 5, 100 * errors / requests, 0)' }, {}, {}],
    });
  });

  it('each alarm can be left out', () => {
    const names = [...monitor({}, withCertificate).monitoring.alarms.keys()];
    for (const left of names) {
      const { monitoring } = monitor({ alarms: { [left]: false } }, withCertificate);
      expect([...monitoring.alarms.keys()]).toEqual(names.filter((name) => name !== left));
    }
    const none = monitor({ alarms: Object.fromEntries(names.map((name) => [name, false])) });
    expect(none.alarms).toEqual({});
    expect(widgets(none.template).map(({ type }) => type)).toEqual(Array(6).fill('metric'));
  });

  it.each<[string, Props['alarms'], string]>([
    [
      'a share over 100 %',
      { denyRate: { threshold: 100 } },
      'alarms.denyRate.threshold: 100 is not a percentage, from 0 to less than 100',
    ],
    [
      'a negative threshold',
      { latency: { threshold: -1 } },
      'alarms.latency.threshold: -1 is not a number of at least 0',
    ],
    ['no number', { unreadyTasks: { threshold: Number.NaN } }, 'alarms.unreadyTasks.threshold: NaN is not'],
    [
      'more data than periods',
      { failedReloads: { datapointsToAlarm: 2 } },
      'alarms.failedReloads.datapointsToAlarm: 2 is not a whole number from 1 to evaluationPeriods, 1',
    ],
    ['no period', { latency: { evaluationPeriods: 0 } }, 'alarms.latency.datapointsToAlarm: 0 is not'],
    [
      'a share of nothing',
      { errorRate: { minimum: 0 } },
      'alarms.errorRate.minimum: 0 is not a number of at least 1',
    ],
    [
      'a certificate that there is not',
      { certificateErrors: {} },
      'alarms.certificateErrors: Stack/Pdp has no certificate that the kit renews; leave it out',
    ],
  ])('refuses %s', (_name, alarms, message) => {
    expect(() => monitor({ alarms })).toThrow(SynthesisError);
    expect(() => monitor({ alarms })).toThrow(message);
  });
});

function widgets(template: Template): { type: string; width: number; properties: Record<string, unknown> }[] {
  const { DashboardBody } = only(template, 'AWS::CloudWatch::Dashboard');
  const [delimiter, parts] = (DashboardBody as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  const text = parts.map((one) => (typeof one === 'string' ? one : target(one))).join(delimiter);
  return JSON.parse(text).widgets;
}

describe('the dashboard', () => {
  const { template } = monitor({ dashboardName: 'notes-pdp' }, withCertificate);

  it('has the name it is given, or none', () => {
    expect(only(template, 'AWS::CloudWatch::Dashboard').DashboardName).toBe('notes-pdp');
    expect(only(monitor().template, 'AWS::CloudWatch::Dashboard')).not.toHaveProperty('DashboardName');
  });

  it('shows the state of all alarms, and every metric of the PDP', () => {
    const [first, ...graphs] = widgets(template);
    expect(first).toMatchObject({ type: 'alarm', width: 24 });
    expect(first?.properties.alarms).toHaveLength(9);
    const shown = new Set(
      graphs.flatMap(({ properties }) =>
        (properties.metrics as unknown[][])
          .map(([, name]) => name)
          .filter((name) => typeof name === 'string'),
      ),
    );
    expect([...shown].sort()).toEqual(
      [
        'Decisions',
        'DecisionTime',
        'Denials',
        'Errors',
        'FailedReloads',
        'LogLinesDropped',
        'PolicyErrors',
        'Ready',
        'Requests',
        'ServerErrors',
        'StaleSeconds',
      ].sort(),
    );
  });

  it('draws the thresholds of those alarms that there are', () => {
    const thresholds = (of: Template) =>
      widgets(of).flatMap(({ properties }) => {
        const { annotations } = properties as { annotations?: { horizontal: { value: number }[] } };
        return (annotations?.horizontal ?? []).map(({ value }) => value);
      });
    expect(thresholds(template)).toEqual([50, 10_000, 1, 2, 600]);
    expect(thresholds(monitor({ alarms: { latency: false, denyRate: false } }).template)).toEqual([
      1, 2, 600,
    ]);
  });
});

describe('who is told', () => {
  const warnings = (stack: Stack) =>
    Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('tell nobody'));

  it('each alarm has the actions', () => {
    const app = newApp(outdir);
    const stack = new Stack(app, 'Stack');
    const actions = ['Alarms', 'Over'].map((id) => new SnsAction(new Topic(stack, id, { enforceSSL: true })));
    const [alarm, ok] = actions as [SnsAction, SnsAction];
    const pdp = withCertificate(stack);
    new PdpMonitoring(stack, 'Monitoring', { pdp, alarmActions: [alarm], okActions: [ok] });
    const alarms = Object.values(resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm'));
    expect(alarms).toHaveLength(9);
    for (const { AlarmActions, OKActions } of alarms) {
      expect((AlarmActions as unknown[]).map(target)).toEqual(['Alarms']);
      expect((OKActions as unknown[]).map(target)).toEqual(['Over']);
    }
    expect(warnings(stack)).toEqual([]);
    for (const Checks of [AwsSolutionsChecks, ServerlessChecks]) expect(findings(Checks, app)).toEqual([]);
    // The topics of this test have no key of their own; the alarms are what they should be.
    expect(findings(NIST80053R5Checks, app).filter((path) => path.includes('Monitoring'))).toEqual([]);
  });

  it('nobody, without a word: a warning, and a finding that stands', () => {
    const app = newApp(outdir);
    const stack = new Stack(app, 'Stack');
    new PdpMonitoring(stack, 'Monitoring', { pdp: ofUnknownSize(stack) });
    expect(warnings(stack)).toHaveLength(1);
    expect(findings(AwsSolutionsChecks, app)).toEqual([]);
    expect(findings(ServerlessChecks, app)).toEqual([]);
    expect(findings(NIST80053R5Checks, app)).toHaveLength(8);
  });

  it('nobody, when that is meant: no warning and no finding', () => {
    const { app, stack } = monitor();
    expect(warnings(stack)).toEqual([]);
    const nist = [NIST80053R4Checks, NIST80053R5Checks];
    for (const Checks of [AwsSolutionsChecks, ServerlessChecks, HIPAASecurityChecks, ...nist]) {
      expect(findings(Checks, app)).toEqual([]);
    }
  });
});

type Checks = new (scope: ReturnType<typeof newApp>) => Pick<AwsSolutionsChecks, 'validateScope'>;

function findings(Pack: Checks, app: ReturnType<typeof newApp>): string[] {
  const { violations } = new Pack(app).validateScope(app);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
  );
}
