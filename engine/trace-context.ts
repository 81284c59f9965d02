/**
 * The two ways in which a request says to which trace it belongs, and the mapping between them: AWS X-Ray's trace id
 * `1-5759e988-bd862e3fe1be46a994272793` is W3C's `5759e988bd862e3fe1be46a994272793`.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */

/** Version 00, the only one there is, with no id that is all zeros: 55 characters and no more. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Longest X-Ray header that is looked at, in characters; AWS's have some 100, with a lineage some 200. */
const LONGEST_XRAY = 512;

/** `Key=value` with `;` between them, and none of the characters that could end a header or a log line. */
const XRAY = /^[A-Za-z]+=[\w:|.?-]*(?:;[A-Za-z]+=[\w:|.?-]*)*;?$/;

/** @returns the trace id in its W3C form, or undefined when it is no `traceparent` */
export function traceIdOf(traceparent: string): string | undefined {
  return TRACEPARENT.exec(traceparent)?.[1];
}

/** Whether it can be passed on as `X-Amzn-Trace-Id`. */
export function isXRayHeader(text: string): boolean {
  return text.length <= LONGEST_XRAY && XRAY.test(text);
}

/** @returns the trace id of an `X-Amzn-Trace-Id` in its W3C form, or undefined when it has none */
export function traceIdOfXRay(header: string): string | undefined {
  if (!isXRayHeader(header)) return undefined;
  const [, time, rest] = /(?:^|;)Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)/.exec(header) ?? [];
  if (time === undefined || rest === undefined) return undefined;
  const id = time + rest;
  return /^0+$/.test(id) ? undefined : id;
}

/** @returns the `traceparent` that says the same as an `X-Amzn-Trace-Id`; undefined when that names no parent */
export function traceparentOfXRay(header: string): string | undefined {
  const id = traceIdOfXRay(header);
  const [, parent] = /(?:^|;)Parent=(?!0{16})([0-9a-f]{16})(?:;|$)/.exec(header) ?? [];
  if (id === undefined || parent === undefined) return undefined;
  const sampled = /(?:^|;)Sampled=1(?:;|$)/.test(header);
  return `00-${id}-${parent}-${sampled ? '01' : '00'}`;
}
