import { Duration, Token } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { IMonitoredPdp } from '../monitored-pdp.ts';
import type { PdpAlarmName, PdpAlarmOptions, PdpAlarms, PdpRateAlarmOptions } from '../pdp-monitoring.ts';
import { SynthesisError } from '../synthesis-error.ts';

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);

/** An alarm as it is without options. */
interface AlarmDefaults extends Omit<AlarmProps, 'alarmName' | 'alarmDescription'> {
  /** What it means, after the threshold, and what to do first. */
  describe(threshold: number): string;
}

/** What the metrics come late by, and a task that is replaced in the meantime, are no alarm. */
const THREE_OF_FIVE = { evaluationPeriods: 5, datapointsToAlarm: 3 };

/** One is enough, and comes rarely. */
const AT_ONCE = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  threshold: 1,
  evaluationPeriods: 1,
};

const ABOVE = ComparisonOperator.GREATER_THAN_THRESHOLD;
const { NOT_BREACHING, BREACHING, IGNORE } = TreatMissingData;

/** @throws SynthesisError when an option is out of its range, or there is nothing for an alarm to watch */
export function pdpAlarms(
  scope: Construct,
  pdp: IMonitoredPdp,
  options: PdpAlarms,
): Map<PdpAlarmName, Alarm> {
  const alarms = new Map<PdpAlarmName, Alarm>();
  const add = (name: PdpAlarmName, defaults: AlarmDefaults) => {
    const asked = options[name] ?? {};
    if (asked !== false) alarms.set(name, newAlarm(scope, name, defaults, asked));
  };
  add('denyRate', denyRate(pdp, options.denyRate));
  add('errorRate', errorRate(pdp, options.errorRate));
  add('latency', {
    metric: pdp.metricDecisionTime({ period: MINUTE }),
    comparisonOperator: ABOVE,
    threshold: 10_000,
    ...THREE_OF_FIVE,
    treatMissingData: NOT_BREACHING,
    // The 99th percentile of a few decisions is the slowest of them.
    evaluateLowSampleCountPercentile: 'ignore',
    describe: (threshold) =>
      `One decision in a hundred takes longer than ${threshold} µs, without the network. Look at the CPU of the ` +
      'tasks first, then at what came with the latest revision: conditions over large sets, deep hierarchies.',
  });
  add('unreadyTasks', {
    metric: pdp.metricReadyTasks(),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: pdp.expectedTasks ?? 1,
    ...THREE_OF_FIVE,
    treatMissingData: BREACHING,
    describe: (threshold) =>
      `Fewer than ${threshold} tasks are ready: without any, every request is denied. Look at the events and the ` +
      "stopped tasks of the service first, then at the log for 'reload failed' and 'evaluator broken'.",
  });
  add('failedReloads', {
    metric: pdp.metricFailedReloads({ period: FIVE_MINUTES }),
    ...AT_ONCE,
    treatMissingData: NOT_BREACHING,
    describe: () =>
      'A revision could not be loaded; the last good one goes on answering. The log says why, with file, line and ' +
      "column, in 'reload failed': mend it, or publish the revision before.",
  });
  add('staleRevision', {
    metric: pdp.metricStaleSeconds({ period: MINUTE }),
    comparisonOperator: ABOVE,
    threshold: 600,
    evaluationPeriods: 1,
    treatMissingData: IGNORE,
    describe: (threshold) =>
      `For more than ${threshold} s a task has answered from older policies than its source has, so that what was ` +
      "revoked since may still be permitted. The log says why in 'reload failed': mend the revision or the access " +
      'to the source.',
  });
  add('policyErrors', {
    metric: pdp.metricPolicyErrors({ period: FIVE_MINUTES }),
    ...AT_ONCE,
    treatMissingData: NOT_BREACHING,
    describe: () =>
      'A policy erred on a request and did not apply: if it is a forbid, someone may have got in. The decision log ' +
      "names it in 'errors'; guard what it reads with 'has', or give the bundle a schema.",
  });
  add('lostLogLines', {
    metric: pdp.metricLogLinesDropped({ period: FIVE_MINUTES }),
    ...AT_ONCE,
    treatMissingData: NOT_BREACHING,
    describe: () =>
      'Lines of the log were lost, records of decisions among them, because they are not taken fast enough. Look at ' +
      'the CPU of the tasks first; log less with --decision-log denied, or add tasks.',
  });
  const certificate = pdp.metricCertificateErrors?.({ period: FIVE_MINUTES });
  if (certificate !== undefined) {
    add('certificateErrors', {
      metric: certificate,
      ...AT_ONCE,
      treatMissingData: IGNORE,
      describe: () =>
        'The certificate of the PDP could not be renewed; when it expires, every request is denied. Look at the log ' +
        'of the function that renews it.',
    });
  } else if (options.certificateErrors !== undefined && options.certificateErrors !== false) {
    throw new SynthesisError(
      `alarms.certificateErrors: ${pdp.node.path} has no certificate that the kit renews; leave it out`,
    );
  }
  return alarms;
}

function denyRate(pdp: IMonitoredPdp, options: PdpRateAlarmOptions | false | undefined): AlarmDefaults {
  const minimum = minimumOf('denyRate', options, 100);
  return {
    metric: rate('Deny rate', 'denials', 'decisions', minimum, FIVE_MINUTES, {
      denials: pdp.metricDenials({ period: FIVE_MINUTES }),
      decisions: pdp.metricDecisions({ period: FIVE_MINUTES }),
    }),
    comparisonOperator: ABOVE,
    threshold: 50,
    evaluationPeriods: 3,
    treatMissingData: NOT_BREACHING,
    describe: (threshold) =>
      `More than ${threshold} % of at least ${minimum} decisions are denials: policies or data may be wrong, or ` +
      'someone is trying doors. Look at what was deployed last, then in the decision log for who is denied what.',
  };
}

function errorRate(pdp: IMonitoredPdp, options: PdpRateAlarmOptions | false | undefined): AlarmDefaults {
  const minimum = minimumOf('errorRate', options, 20);
  return {
    metric: rate('Error rate', 'errors', 'requests', minimum, MINUTE, {
      errors: pdp.metricServerErrors({ period: MINUTE }),
      requests: pdp.metricRequests({ period: MINUTE }),
    }),
    comparisonOperator: ABOVE,
    threshold: 1,
    ...THREE_OF_FIVE,
    treatMissingData: NOT_BREACHING,
    describe: (threshold) =>
      `More than ${threshold} % of at least ${minimum} requests were answered with a 5xx status, and their callers ` +
      'denied. Look in the log for errors and for what was given up: too many requests at once ask for more tasks.',
  };
}

function rate(
  label: string,
  part: string,
  whole: string,
  minimum: number,
  period: Duration,
  usingMetrics: Record<string, IMetric>,
): MathExpression {
  return new MathExpression({
    label: `${label} (%)`,
    expression: `IF(${whole} >= ${minimum}, 100 * ${part} / ${whole}, 0)`,
    usingMetrics,
    period,
  });
}

function newAlarm(
  scope: Construct,
  name: PdpAlarmName,
  { describe, ...defaults }: AlarmDefaults,
  options: PdpAlarmOptions,
): Alarm {
  const { alarmName } = options;
  const given = {
    threshold: options.threshold ?? defaults.threshold,
    evaluationPeriods: options.evaluationPeriods ?? defaults.evaluationPeriods,
    treatMissingData: options.treatMissingData ?? defaults.treatMissingData,
  };
  // Whoever changes how many periods are looked at means all of them, unless they say otherwise.
  const datapointsToAlarm =
    options.datapointsToAlarm ?? options.evaluationPeriods ?? defaults.datapointsToAlarm;
  checkRanges(name, { ...given, datapointsToAlarm });
  return new Alarm(scope, `${name[0]?.toUpperCase()}${name.slice(1)}`, {
    ...defaults,
    ...given,
    ...(datapointsToAlarm === undefined ? {} : { datapointsToAlarm }),
    ...(alarmName === undefined ? {} : { alarmName }),
    alarmDescription: describe(given.threshold),
  });
}

function minimumOf(
  name: PdpAlarmName,
  options: PdpRateAlarmOptions | false | undefined,
  fallback: number,
): number {
  const minimum = options === false ? fallback : (options?.minimum ?? fallback);
  check(`alarms.${name}.minimum`, minimum, minimum >= 1, 'a number of at least 1');
  return minimum;
}

function checkRanges(
  name: PdpAlarmName,
  given: { threshold: number; evaluationPeriods: number; datapointsToAlarm: number | undefined },
): void {
  const { threshold, evaluationPeriods, datapointsToAlarm = evaluationPeriods } = given;
  const isRate = name === 'denyRate' || name === 'errorRate';
  const most = isRate ? 100 : Number.POSITIVE_INFINITY;
  const range = isRate ? 'a percentage, from 0 to less than 100' : 'a number of at least 0';
  check(`alarms.${name}.threshold`, threshold, threshold >= 0 && threshold < most, range);
  const whole = Number.isInteger(datapointsToAlarm) && datapointsToAlarm >= 1;
  check(
    `alarms.${name}.datapointsToAlarm`,
    datapointsToAlarm,
    whole && datapointsToAlarm <= evaluationPeriods,
    `a whole number from 1 to evaluationPeriods, ${evaluationPeriods}`,
  );
}

function check(name: string, value: number, right: boolean, range: string): void {
  if (right || Token.isUnresolved(value)) return;
  throw new SynthesisError(`${name}: ${value} is not ${range}`);
}
