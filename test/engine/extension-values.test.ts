import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSTRUCTOR, type ExtensionType, isExtensionValue } from '../../engine/extension-values.ts';

/** What the official evaluator says of a constructor's argument. */
function official(type: ExtensionType, text: string): boolean {
  const answer = cedar.checkParseContext({
    context: { value: { __extn: { fn: CONSTRUCTOR[type], arg: text } } },
  });
  return answer.type === 'success';
}

const TABLE: Record<ExtensionType, string[]> = {
  decimal: [
    '1.0', '-1.0', '0.0', '-0.0001', '12.3456', '12.34567', '1', '1.', '.5', '+1.0', '1.0 ', 'a.b', '', '1e1.0',
    '922337203685477.5807', '922337203685477.5808', '-922337203685477.5808', '-922337203685477.5809', '00.1',
    `${'0'.repeat(40)}1.0`, `-${'0'.repeat(40)}922337203685477.5808`, `1${'0'.repeat(40)}.0`, '1.0000\n',
  ],
  ipaddr: [
    '10.0.0.1', '10.0.0.1/8', '10.0.0.1/32', '10.0.0.1/33', '10.0.0.1/08', '10.0.0', '256.0.0.1', '01.0.0.1',
    '::', '::1', 'fe80::1/64', 'fe80::1/129', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7::', '::1::',
    '1:2:3:4:5:6:7:8:9', '::ffff:1.2.3.4', 'g::1', '', '10.0.0.1/', '10.0.0.1/8/8', '::/0', '12345::',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', '0000:0000:0000:0000:0000:0000:0000:0000:0000', '::1%eth0',
  ],
  datetime: [
    '2026-01-31', '2026-02-29', '2024-02-29', '2026-13-01', '2026-00-10', '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.123Z', '2026-01-31T12:00:00.12Z', '2026-01-31T24:00:00Z', '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:60Z', '2026-01-31T12:00:00+0130', '2026-01-31T12:00:00.000-2359',
    '2026-01-31T12:00:00+2400', '2026-01-31T12:00:00+0160', '2026-01-31T12:00:00', '2026-1-31', '0000-01-01',
    '9999-12-31T23:59:59.999Z', '', '2026-01-31t12:00:00z', '2026-01-31T12:00:00+01:30',
    '0000-02-29', '1900-02-29', '2000-02-29', '2026-01-31\n', '12026-01-31', '2026-01-31T12:00:00.000000Z',
  ],
  duration: [
    '1d', '1h', '1m', '1s', '1ms', '1d2h3m4s5ms', '-1d', '5ms1d', '', '-', '1', '1d1d', '1h1ms', '01h', '1.5h',
    '106751991167d', '106751991168d', '-106751991167d', '9223372036854775807ms', '9223372036854775808ms',
    '-9223372036854775808ms', '+1d', '1m1ms', '99999999999999999999d',
    `${'0'.repeat(200)}1d`, `-${'0'.repeat(200)}9223372036854775808ms`, `1${'0'.repeat(200)}ms`, '-0d', '1d\n',
  ],
}; // biome-ignore format: a table

describe.each(Object.entries(TABLE) as [ExtensionType, string[]][])('%s', (type, texts) => {
  it.each(texts)('%j as the official package', (text) => {
    expect(isExtensionValue(type, text)).toBe(official(type, text));
  });

  it('agrees with the official package on near misses', () => {
    const character = fc.constantFrom(...'0123456789:.-+/TZdhms af');
    const near = fc
      .tuple(fc.constantFrom(...texts), fc.nat(30), fc.option(character, { nil: '' }), fc.nat(2))
      .map(([text, at, inserted, removed]) => text.slice(0, at) + inserted + text.slice(at + removed));
    fc.assert(
      fc.property(near, (text) => {
        expect(isExtensionValue(type, text)).toBe(official(type, text));
      }),
      { numRuns: 300 },
    );
  });
});
