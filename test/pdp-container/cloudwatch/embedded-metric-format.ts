import { Ajv } from 'ajv';

/**
 * What CloudWatch Logs takes for embedded metrics.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
 */

const NAME = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' };

const SIZES = ['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'];
const BITS = ['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits'];
const RATES = [...SIZES, ...BITS, 'Count'].map((unit) => `${unit}/Second`);
const TIMES = ['Seconds', 'Microseconds', 'Milliseconds'];
const UNITS = [...TIMES, ...SIZES, ...BITS, ...RATES, 'Percent', 'Count', 'None'];

const DOCUMENT = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['Timestamp', 'CloudWatchMetrics'],
      additionalProperties: false,
      properties: {
        Timestamp: { type: 'integer' },
        CloudWatchMetrics: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['Namespace', 'Dimensions', 'Metrics'],
            additionalProperties: false,
            properties: {
              Namespace: NAME,
              Dimensions: {
                type: 'array',
                minItems: 1,
                items: { type: 'array', maxItems: 30, items: NAME },
              },
              Metrics: {
                type: 'array',
                maxItems: 100,
                items: {
                  type: 'object',
                  required: ['Name'],
                  additionalProperties: false,
                  properties: { Name: NAME, Unit: { enum: UNITS }, StorageResolution: { enum: [1, 60] } },
                },
              },
            },
          },
        },
      },
    },
  },
};

const UP_TO_100_NUMBERS = { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 100 };

/** A number, an array of them, or what AWS's exporters write for a histogram. */
const METRIC_TARGET = {
  anyOf: [
    { type: 'number' },
    UP_TO_100_NUMBERS,
    {
      type: 'object',
      required: ['Values', 'Counts', 'Min', 'Max', 'Count', 'Sum'],
      additionalProperties: false,
      properties: {
        Values: UP_TO_100_NUMBERS,
        Counts: { ...UP_TO_100_NUMBERS, items: { type: 'integer', minimum: 1 } },
        Min: { type: 'number' },
        Max: { type: 'number' },
        Count: { type: 'integer' },
        Sum: { type: 'number' },
      },
    },
  ],
};

const DIMENSION_TARGET = { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[\\x20-\\x7e]+$' };

const ajv = new Ajv({ allErrors: true });
const validDocument = ajv.compile(DOCUMENT);
const validMetric = ajv.compile(METRIC_TARGET);
const validDimension = ajv.compile(DIMENSION_TARGET);

interface Directives {
  _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
}

/** All that is wrong with a document, its members that dimensions and metrics name included. */
export function problemsOf(document: Record<string, unknown>): string[] {
  if (!validDocument(document)) return [ajv.errorsText(validDocument.errors)];
  const directives = (document as unknown as Directives)._aws.CloudWatchMetrics;
  const dimensions = directives.flatMap(({ Dimensions }) => Dimensions.flat());
  const metrics = directives.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
  return [
    ...dimensions.filter((name) => !validDimension(document[name])).map((name) => `dimension ${name}`),
    ...metrics.filter((name) => !validMetric(document[name])).map((name) => `metric ${name}`),
  ];
}
