import { Validations } from 'aws-cdk-lib';
import { type Alarm, Dashboard, type IAlarmAction, type TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { IMonitoredPdp } from './monitored-pdp.ts';
import { pdpAlarms } from './private/pdp-alarms.ts';
import { dashboardWidgets } from './private/pdp-dashboard.ts';

/** What an alarm is changed in; each has defaults of its own, with {@link PdpAlarms}. */
export interface PdpAlarmOptions {
  /** @default - CloudFormation names it */
  readonly alarmName?: string;
  /** In the unit of the alarm. */
  readonly threshold?: number;
  /** How many periods are looked at. */
  readonly evaluationPeriods?: number;
  /** How many of them must be beyond the threshold. */
  readonly datapointsToAlarm?: number;
  /** What a period without data counts as. */
  readonly treatMissingData?: TreatMissingData;
}

/** Of an alarm on a share, which says little when there are few of what it is a share of. */
export interface PdpRateAlarmOptions extends PdpAlarmOptions {
  /** The fewest decisions, or requests, in a period that has a share; one with fewer has 0 %. */
  readonly minimum?: number;
}

/**
 * The alarms; `false` leaves one out. What a period without data means: a task that runs writes in every minute, so
 * silence is that of all tasks or of their log, and it is for `unreadyTasks` alone to say so.
 */
export interface PdpAlarms {
  /**
   * The share of decisions that are denials, in percent. Applications differ: set what yours never has.
   *
   * @default - above 50 % in three periods of 5 minutes, of at least 100 decisions each; no data is no alarm
   */
  readonly denyRate?: PdpRateAlarmOptions | false;
  /**
   * The share of requests that are answered with a 5xx status, in percent.
   *
   * @default - above 1 % in three of five minutes, of at least 20 requests each; no data is no alarm
   */
  readonly errorRate?: PdpRateAlarmOptions | false;
  /**
   * The 99th percentile of the time for one decision, in microseconds. It is told by steps: 1,000, 2,500, 5,000,
   * 10,000, 25,000 and 100,000 are among them, and a threshold is exact when it is one.
   *
   * @default - above 10,000 µs in three of five minutes; no data is no alarm: no decision is no slow one
   */
  readonly latency?: PdpAlarmOptions | false;
  /**
   * The number of ready tasks. A new alarm is in alarm until the first tasks have written, some two minutes.
   *
   * @default - below the PDP's `expectedTasks`, or below 1 when it does not know, in three of five minutes; no data
   * is an alarm: no task has written that it is ready
   */
  readonly unreadyTasks?: PdpAlarmOptions | false;
  /**
   * The number of loads that failed in 5 minutes.
   *
   * @default - 1 or more in one period; no data is no alarm
   */
  readonly failedReloads?: PdpAlarmOptions | false;
  /**
   * For how long a task has answered from older policies than its source has, in seconds.
   *
   * @default - above 600 s in one minute; no data changes nothing: silence is no sign that it caught up
   */
  readonly staleRevision?: PdpAlarmOptions | false;
  /**
   * The number of policies that erred in 5 minutes, once for each decision that one erred in.
   *
   * @default - 1 or more in one period; no data is no alarm
   */
  readonly policyErrors?: PdpAlarmOptions | false;
  /**
   * The number of log lines that were lost in 5 minutes.
   *
   * @default - 1 or more in one period; no data is no alarm
   */
  readonly lostLogLines?: PdpAlarmOptions | false;
  /**
   * The number of failures to renew the certificate in 5 minutes. For a PDP that has a certificate which the kit
   * renews.
   *
   * @default - 1 or more in one period; no data changes nothing: it is in alarm until a renewal succeeds
   */
  readonly certificateErrors?: PdpAlarmOptions | false;
}

/** The name of an alarm. */
export type PdpAlarmName = keyof PdpAlarms;

export interface PdpMonitoringProps {
  /** What is watched. */
  readonly pdp: IMonitoredPdp;
  /** @default - CloudFormation names it */
  readonly dashboardName?: string;
  /**
   * Whom each alarm tells, such as `new SnsAction(topic)`. An empty list says that nobody is to be told.
   *
   * @default - nobody, with a warning at synth: the alarms are seen on the dashboard only
   */
  readonly alarmActions?: readonly IAlarmAction[];
  /**
   * Who is told when what an alarm is about is over.
   *
   * @default - nobody
   */
  readonly okActions?: readonly IAlarmAction[];
  /**
   * What is different in alarms, and which there are not.
   *
   * @default - all, with the defaults of each
   */
  readonly alarms?: PdpAlarms;
}

/**
 * A dashboard and alarms for a policy decision point. Each alarm's description says what it means and what to do
 * first.
 *
 * @example
 * new PdpMonitoring(this, 'Monitoring', {
 *   pdp,
 *   alarmActions: [new SnsAction(topic)],
 *   alarms: { denyRate: { threshold: 20 }, lostLogLines: false },
 * });
 */
export class PdpMonitoring extends Construct {
  readonly dashboard: Dashboard;
  /** Those that are not left out, by name. */
  readonly alarms: ReadonlyMap<PdpAlarmName, Alarm>;

  /** @throws SynthesisError when a threshold cannot be met, or there is nothing for an alarm to watch */
  constructor(scope: Construct, id: string, props: PdpMonitoringProps) {
    super(scope, id);
    this.alarms = pdpAlarms(this, props.pdp, props.alarms ?? {});
    for (const alarm of this.alarms.values()) {
      alarm.addAlarmAction(...(props.alarmActions ?? []));
      alarm.addOkAction(...(props.okActions ?? []));
    }
    this.dashboard = new Dashboard(this, 'Dashboard', {
      ...(props.dashboardName === undefined ? {} : { dashboardName: props.dashboardName }),
      widgets: dashboardWidgets(props.pdp, this.alarms),
    });
    if (props.alarmActions === undefined) {
      Validations.of(this).addWarning(
        'serverless-pdp:alarmsTellNobody',
        'alarmActions: the alarms of the policy decision point tell nobody; give actions, or [] when that is meant',
      );
    } else if (props.alarmActions.length === 0) {
      this.#acknowledgeNobodyTold();
    }
  }

  #acknowledgeNobodyTold(): void {
    for (const alarm of this.alarms.values()) {
      for (const pack of ['NIST.800.53.R4', 'NIST.800.53.R5', 'HIPAA.Security']) {
        Validations.of(alarm).acknowledge({
          id: `${pack}-CloudWatchAlarmAction`,
          reason:
            'The app gave an empty list of actions: its alarms are watched on the dashboard, or by others.',
        });
      }
    }
  }
}
