import { expect, test } from 'vitest';
import { embeddedMetrics, isDimensionValue } from '../../engine/embedded-metrics.ts';

test('a metric without a value is left out', () => {
  const document = embeddedMetrics(
    new Date(7),
    'N',
    { D: 'd' },
    { A: ['Count', undefined], B: ['None', 0], C: ['Microseconds', [1, 2]] },
  );
  expect(document).toEqual({
    _aws: {
      Timestamp: 7,
      CloudWatchMetrics: [
        {
          Namespace: 'N',
          Dimensions: [['D']],
          Metrics: [
            { Name: 'B', Unit: 'None' },
            { Name: 'C', Unit: 'Microseconds' },
          ],
        },
      ],
    },
    D: 'd',
    B: 0,
    C: [1, 2],
  });
});

test.each([
  ['notes', true],
  ['x'.repeat(1_024), true],
  ['', false],
  ['   ', false],
  [':notes', false],
  ['no\ntes', false],
  ['nötes', false],
  ['x'.repeat(1_025), false],
])('%j is a value of a dimension: %j', (text, expected) => {
  expect(isDimensionValue(text)).toBe(expected);
});
