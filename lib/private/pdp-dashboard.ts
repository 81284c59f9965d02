import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  GraphWidget,
  type GraphWidgetProps,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  MathExpression,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IMonitoredPdp } from '../monitored-pdp.ts';
import type { PdpAlarmName } from '../pdp-monitoring.ts';

/** A dashboard is 24 wide: three graphs beside each other. */
const WIDTH = 24;
const GRAPH = { width: WIDTH / 3, height: 6, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } };

/** Rows of widgets: the alarms, then what they are about, with their thresholds. */
export function dashboardWidgets(pdp: IMonitoredPdp, alarms: ReadonlyMap<PdpAlarmName, Alarm>): IWidget[][] {
  const limit = (...names: PdpAlarmName[]): HorizontalAnnotation[] =>
    names.flatMap((name) => alarms.get(name)?.toAnnotation() ?? []);
  const graph = (props: GraphWidgetProps) => new GraphWidget({ ...GRAPH, ...props });
  const certificate = pdp.metricCertificateErrors?.({ label: 'Certificate not renewed' });
  const rows = [
    [
      graph({
        title: 'Decisions',
        left: [pdp.metricDecisions({ label: 'Decisions' }), pdp.metricDenials({ label: 'Denials' })],
        right: [percentage('Denials (%)', pdp.metricDenials(), pdp.metricDecisions())],
        rightYAxis: { min: 0, max: 100 },
        rightAnnotations: limit('denyRate'),
      }),
      graph({
        title: 'Time of a decision (µs)',
        left: [
          pdp.metricDecisionTime({ label: 'p99' }),
          pdp.metricDecisionTime({ label: 'p50', statistic: Stats.p(50) }),
        ],
        leftAnnotations: limit('latency'),
      }),
      graph({
        title: 'Requests',
        left: [pdp.metricRequests({ label: 'Requests' }), pdp.metricServerErrors({ label: '5xx' })],
        right: [percentage('5xx (%)', pdp.metricServerErrors(), pdp.metricRequests())],
        rightYAxis: { min: 0, max: 100 },
        rightAnnotations: limit('errorRate'),
      }),
    ],
    [
      graph({
        title: 'Tasks',
        left: [pdp.metricReadyTasks({ label: 'Ready' })],
        leftAnnotations: limit('unreadyTasks'),
      }),
      graph({
        title: 'Revision',
        left: [pdp.metricStaleSeconds({ label: 'Behind its source (s)' })],
        right: [pdp.metricFailedReloads({ label: 'Loads that failed' })],
        leftAnnotations: limit('staleRevision'),
      }),
      graph({
        title: 'Errors',
        left: [
          pdp.metricPolicyErrors({ label: 'Policies that erred' }),
          pdp.metricLogLinesDropped({ label: 'Log lines lost' }),
          ...(certificate === undefined ? [] : [certificate]),
        ],
      }),
    ],
  ];
  if (alarms.size === 0) return rows;
  return [[new AlarmStatusWidget({ alarms: [...alarms.values()], width: WIDTH })], ...rows];
}

function percentage(label: string, part: IMetric, whole: IMetric): MathExpression {
  return new MathExpression({
    label,
    expression: '100 * part / whole',
    usingMetrics: { part, whole },
    period: Duration.minutes(1),
  });
}
