/** Texts of Cedar's extension values: right ones, often equal or near in value, and wrong ones of every kind. */
import fc from 'fast-check';

export type ExtensionFunction = 'decimal' | 'ip' | 'datetime' | 'duration';

const among = (...texts: string[]) => fc.constantFrom(...texts);

const decimal = fc.oneof(
  among('0.0', '1.0', '1.00', '1.0000', '-1.5', '-0.0', '12.3456', '00012.34', '0.0001', '-0.0001'),
  among('922337203685477.5807', '-922337203685477.5808', '922337203685477.5', '-922337203685477.5807'),
  fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: 0, max: 9999 })).map(([a, b]) => `${a}.${b}`),
);

const v4 = fc
  .array(fc.oneof(fc.constantFrom(0, 1, 10, 127, 128, 224, 239, 240, 255), fc.nat(255)), {
    minLength: 4,
    maxLength: 4,
  })
  .map((octets) => octets.join('.'));

const v6 = fc.oneof(
  among(
    '::',
    '::1',
    '1::',
    'fe80::1',
    'ff00::',
    'ff02::1',
    'FFFF::',
    '::ffff:7f00:1',
    '2001:db8::ff00:42:8329',
  ),
  fc
    .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16)).join(':')),
  fc
    .array(fc.nat(0xffff), { maxLength: 6 })
    .map((groups) => `::${groups.map((g) => g.toString(16)).join(':')}`),
);

const ip = fc.oneof(
  among('10.0.0.1', '10.0.0.1/32', '10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/24', '0.0.0.0/0', '127.0.0.1'),
  among('127.0.0.0/8', '127.0.0.0/7', '224.0.0.0/4', '224.0.0.1', '224.0.0.0/3', '255.255.255.255/31'),
  among(
    '::1',
    '0:0:0:0:0:0:0:1',
    '::1/128',
    '::/0',
    '::1/127',
    'ff00::/8',
    'ff00::/7',
    'fe80::/64',
    'fe80::1',
  ),
  v4,
  fc.tuple(v4, fc.nat(32)).map(([address, prefix]) => `${address}/${prefix}`),
  v6,
  fc.tuple(v6, fc.nat(128)).map(([address, prefix]) => `${address}/${prefix}`),
);

const two = (value: number) => String(value).padStart(2, '0');

const offset = fc.oneof(
  among('Z', '+0000', '-0000', '+0100', '-0130', '+2359', '-2359'),
  fc.tuple(among('+', '-'), fc.nat(23), fc.nat(59)).map(([sign, h, m]) => `${sign}${two(h)}${two(m)}`),
);

const date = fc.oneof(
  among('1970-01-01', '1969-12-31', '2024-02-29', '2026-01-31', '0000-01-01', '0000-02-29', '9999-12-31'),
  fc
    .tuple(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 28 }),
    )
    .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${two(m)}-${two(d)}`),
);

const datetime = fc.oneof(
  date,
  among(
    '2024-01-01T00:00:00+0100',
    '2023-12-31T23:00:00Z',
    '2023-12-31T23:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
  ),
  fc
    .tuple(date, fc.nat(23), fc.nat(59), fc.nat(59), fc.option(fc.nat(999), { freq: 2 }), offset)
    .map(([day, h, m, s, ms, zone]) => {
      const fraction = ms === null ? '' : `.${String(ms).padStart(3, '0')}`;
      return `${day}T${two(h)}:${two(m)}:${two(s)}${fraction}${zone}`;
    }),
);

const duration = fc.oneof(
  among(
    '0ms',
    '-0ms',
    '1ms',
    '-1ms',
    '1s',
    '1000ms',
    '1m',
    '60s',
    '1h',
    '1d',
    '24h',
    '-1d',
    '-1500ms',
    '0001d',
  ),
  among('1d2h3m4s5ms', '-1d2h', '1m1ms', '36500d', '-719528d', '2932896d'),
  among(
    '9223372036854775807ms',
    '-9223372036854775808ms',
    '106751991167d7h12m55s807ms',
    '-9223372036854775807ms',
  ),
  fc
    .tuple(fc.boolean(), fc.integer({ min: 1, max: 400 }), among('d', 'h', 'm', 's', 'ms'))
    .map(([minus, amount, unit]) => `${minus ? '-' : ''}${amount}${unit}`),
);

export const RIGHT: Record<ExtensionFunction, fc.Arbitrary<string>> = { decimal, ip, datetime, duration };

/** Texts that only look like values, each kind of mistake as often as the others. */
export const WRONG: Record<ExtensionFunction, fc.Arbitrary<string>> = {
  decimal: fc.oneof(
    among('', '1', '1.', '.5', '-.5', '+1.0', '1.0 ', '1e3', '1.2.3', '--1.0', 'x', '\u0661.0'),
    among('1.23456', '0.00000', '-12.345678'),
    among('922337203685477.5808', '-922337203685477.5809', '99999999999999999999.0'),
  ),
  ip: fc.oneof(
    among(
      '',
      '1.2.3',
      '1.2.3.4.5',
      '256.0.0.1',
      '01.2.3.4',
      ' 1.2.3.4',
      '1.2.3.4 ',
      '1.2.3.4/8/8',
      ':',
      ':::',
    ),
    among('1::2::3', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', 'g::', '::1%eth0'),
    among('::ffff:1.2.3.4', '::1.2.3.4/96'),
    among('1.2.3.4/33', '1.2.3.4/01', '1.2.3.4/', '1.2.3.4/+1', '1.2.3.4/-1', '1.2.3.4/1000', '1.2.3.4/x'),
    among('::1/129', '::1/000', '::1/1111111111', '0000:0000:0000:0000:0000:0000:0000:0000/1280'),
  ),
  datetime: fc.oneof(
    among('', '2024-1-1', '2023-02-29', '1900-02-29', '2024-02-30', '2024-13-01', '2024-00-01', '2024-01-00'),
    among('-0001-01-01', '10000-01-01', '2024-04-31', '2100-02-29', '+2024-01-01', '２024-01-01'),
    among('2024-01-01T24:00:00Z', '2024-01-01T23:60:00Z', '2024-01-01T23:59:60Z', '2024-01-01t00:00:00z'),
    among('2024-01-01T00:00Z', '2024-01-01 00:00:00Z', '2024-01-01Z', '2024-01-01T', '2024-01-01T0:00:00Z'),
    among(
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00.1Z',
      '2024-01-01T00:00:00.1234Z',
      '2024-01-01T00:00:00Z ',
    ),
    among('2024-01-01T00:00:00+2400', '2024-01-01T00:00:00+0060', '2024-01-01T00:00:00+00:00'),
  ),
  duration: fc.oneof(
    among('', '-', '1', 'd', '1h1d', '1s1m', '1d1d', '1D', '1.5h', '+1d', '1 d', '--1d', '1w', '1d ', 'ms'),
    among('9223372036854775808ms', '-9223372036854775809ms', '106751991168d', '99999999999999999999d'),
    among('106751991167d7h12m55s808ms', '-106751991167d7h12m55s809ms', '-106751991168d'),
  ),
};
