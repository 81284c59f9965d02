import { expect, test } from 'vitest';
import { Metrics } from '../../pdp-container/metrics.ts';

test('the totals are what is published for Prometheus, health routes apart', async () => {
  const metrics = new Metrics();
  metrics.decided(true, 0.002, 0);
  metrics.decided(false, 0.004, 2);
  metrics.decided(false, 0.3, 1);
  metrics.answered('/access/v1/evaluation', 200);
  metrics.answered('/access/v1/evaluation', 499);
  metrics.answered('/allowed', 500);
  metrics.answered('/allowed', 503);
  metrics.answered('/ready', 503);
  metrics.reloaded('success');
  metrics.reloaded('failure');
  metrics.logLineDropped();
  const { decisionSeconds, ...counts } = metrics.totals();
  expect(counts).toEqual({
    decisions: 3,
    denials: 2,
    policyErrors: 3,
    requests: 4,
    serverErrors: 2,
    failedReloads: 1,
    logLinesDropped: 1,
  });
  expect(decisionSeconds.filter(({ count }) => count > 0)).toEqual([
    { count: 1, sum: 0.002 },
    { count: 1, sum: 0.004 },
    { count: 1, sum: 0.3 },
  ]);
  const published = (await metrics.registry.metrics()).split('\n');
  for (const line of [
    'pdp_decisions_total{decision="permit"} 1',
    'pdp_decisions_total{decision="deny"} 2',
    'pdp_policy_errors_total 3',
    'pdp_http_requests_total{route="/allowed",status="503"} 1',
    'pdp_http_requests_total{route="/ready",status="503"} 1',
    'pdp_bundle_reloads_total{result="success"} 1',
    'pdp_bundle_reloads_total{result="unchanged"} 0',
    'pdp_bundle_reloads_total{result="failure"} 1',
    'pdp_log_lines_dropped_total 1',
    'pdp_decision_duration_seconds_count 3',
  ]) {
    expect(published).toContain(line);
  }
});

test('sources have their last check and their failures, by position, and what is kept is told', async () => {
  const metrics = new Metrics();
  const lines = async () =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => /^pdp_(source|bundle_keep|bundle_kept)/.test(line));
  expect(await lines()).toEqual(['pdp_bundle_kept 0', 'pdp_bundle_keep_failures_total 0']);
  let kept = true;
  metrics.watch(
    () => [{ checkedAt: new Date(1_500) }, { checkedAt: undefined }],
    () => kept,
  );
  metrics.sourceFailed(1);
  metrics.sourceFailed(1);
  metrics.notKept();
  expect(await lines()).toEqual([
    'pdp_source_failures_total{source="1"} 0',
    'pdp_source_failures_total{source="2"} 2',
    'pdp_source_last_check_timestamp_seconds{source="1"} 1.5',
    'pdp_bundle_kept 1',
    'pdp_bundle_keep_failures_total 1',
  ]);
  kept = false;
  expect(await lines()).toContain('pdp_bundle_kept 0');
});
