import { Agent } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Address } from '../../../lambda/client/address.ts';
import { pickAddress } from '../../../lambda/client/pick.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const described = fc.array(
  fc.record({
    pending: fc.nat(3),
    open: fc.boolean(),
    tried: fc.boolean(),
    six: fc.boolean(),
  }),
  {
    minLength: 1,
    maxLength: 5,
  },
);

function addressesOf(all: { pending: number; open: boolean; six?: boolean }[]): Address[] {
  return all.map(({ pending, open, six }, index) => {
    const address = new Address(six ? `fd00::${index}` : `10.0.0.${index}`, {
      Agent,
      maxConnections: 1,
      now: () => 0,
      emit: undefined,
    });
    address.pending = pending;
    for (let count = 0; open && count < 3; count += 1) address.breaker.begin()('bad');
    return address;
  });
}

test('there always is one: best not tried, then not left out, then of another family than those tried', () => {
  fc.assert(
    fc.property(described, fraction, fraction, (all, first, second) => {
      const addresses = addressesOf(all);
      const tried = new Set(addresses.filter((_, index) => all[index]?.tried));
      const numbers = [first, second];
      const picked = pickAddress(addresses, tried, () => numbers.shift() ?? expect.fail());
      const rank = (address: Address) =>
        (tried.has(address) ? 4 : 0) +
        (address.breaker.ready ? 0 : 2) +
        (address.breaker.ready && [...tried].some(({ ip }) => ip.includes(':') === address.ip.includes(':'))
          ? 1
          : 0);
      expect(rank(picked)).toBe(Math.min(...addresses.map(rank)));
    }),
  );
});

test('of two the one with fewer attempts under way, never the busiest of all', () => {
  fc.assert(
    fc.property(fraction, fraction, (first, second) => {
      const addresses = addressesOf([3, 1, 2].map((pending) => ({ pending, open: false })));
      const numbers = [first, second];
      const picked = pickAddress(addresses, new Set(), () => numbers.shift() ?? expect.fail());
      expect(picked).not.toBe(addresses[0]);
    }),
  );
});
