import { describe, expect, test } from 'vitest';
import { isXRayHeader, traceIdOf, traceIdOfXRay, traceparentOfXRay } from '../../engine/trace-context.ts';

const TRACE = '5759e988bd862e3fe1be46a994272793';
const SPAN = '53995c3f42cd8ad8';
const ROOT = 'Root=1-5759e988-bd862e3fe1be46a994272793';

describe('a traceparent', () => {
  test('has a trace id', () => {
    expect(traceIdOf(`00-${TRACE}-${SPAN}-01`)).toBe(TRACE);
    expect(traceIdOf(`00-${TRACE}-${SPAN}-00`)).toBe(TRACE);
  });

  test.each([
    ['nothing', ''],
    ['another version', `01-${TRACE}-${SPAN}-01`],
    ['the version that is none', `ff-${TRACE}-${SPAN}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['more behind it', `00-${TRACE}-${SPAN}-01-more`],
    ['a line end', `00-${TRACE}-${SPAN}-01\n`],
    ['a space before it', ` 00-${TRACE}-${SPAN}-01`],
  ])('is not one with %s', (_name, text) => {
    expect(traceIdOf(text)).toBeUndefined();
  });
});

describe('an X-Amzn-Trace-Id', () => {
  test('is the same trace in the other form', () => {
    const header = `${ROOT};Parent=${SPAN};Sampled=1`;
    expect(traceIdOfXRay(header)).toBe(TRACE);
    expect(traceparentOfXRay(header)).toBe(`00-${TRACE}-${SPAN}-01`);
    expect(isXRayHeader(header)).toBe(true);
  });

  test.each([
    ['sampled, with a lineage', `${ROOT};Parent=${SPAN};Sampled=1;Lineage=1:a87bd80c:0|68fd508a:5`, '01'],
    ['not sampled', `${ROOT};Parent=${SPAN};Sampled=0`, '00'],
    ['not decided yet', `${ROOT};Parent=${SPAN};Sampled=?`, '00'],
    ['without a word on sampling', `Parent=${SPAN};${ROOT}`, '00'],
    ["with a balancer's own part", `Self=1-67891234-12456789abcdef012345678;${ROOT};Parent=${SPAN};`, '00'],
  ])('%s', (_name, header, flags) => {
    expect(traceparentOfXRay(header)).toBe(`00-${TRACE}-${SPAN}-${flags}`);
  });

  test('without a parent is no traceparent, and still has a trace id', () => {
    expect(traceIdOfXRay(ROOT)).toBe(TRACE);
    expect(traceparentOfXRay(ROOT)).toBeUndefined();
    expect(traceparentOfXRay(`${ROOT};Parent=${'0'.repeat(16)}`)).toBeUndefined();
    expect(traceparentOfXRay(`${ROOT};Parent=${SPAN}0`)).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['no root', `Parent=${SPAN};Sampled=1`],
    ['a root that is all zeros', `Root=1-00000000-${'0'.repeat(24)};Parent=${SPAN}`],
    ['another version', `Root=2-5759e988-bd862e3fe1be46a994272793;Parent=${SPAN}`],
    ['the id of another form', `Root=${TRACE};Parent=${SPAN}`],
    ['a line end', `${ROOT};Parent=${SPAN}\n`],
    ['a header after it', `${ROOT};Parent=${SPAN}\r\nX-Evil: 1`],
    ['a key that ends alike', `NotRoot=1-5759e988-bd862e3fe1be46a994272793`],
    ['too many parts', `${ROOT};Lineage=${'a'.repeat(500)}`],
  ])('has no trace with %s', (_name, header) => {
    expect(traceIdOfXRay(header)).toBeUndefined();
    expect(traceparentOfXRay(header)).toBeUndefined();
  });
});
