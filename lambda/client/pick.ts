import type { Address } from './address.ts';

/**
 * The address for the next attempt: of two random ones, the one with fewer attempts under way. Near the best spread
 * there is, without that all functions find the same address idle (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001). Those tried before, and those whose breaker is open, only when there is no other.
 *
 * @param addresses at least one
 * @param random at least 0, below 1
 */
export function pickAddress(
  addresses: readonly Address[],
  tried: ReadonlySet<Address>,
  random: () => number,
): Address {
  const untried = addresses.filter((address) => !tried.has(address));
  const left = untried.length > 0 ? untried : addresses;
  const ready = left.filter(({ breaker }) => breaker.ready);
  return lessBusy(ready.length > 0 ? ready : left, random);
}

function lessBusy(addresses: readonly Address[], random: () => number): Address {
  const first = Math.floor(random() * addresses.length);
  // Any but the first, each as likely.
  const second = (first + 1 + Math.floor(random() * (addresses.length - 1))) % addresses.length;
  const [one, other] = [addresses[first], addresses[second]] as [Address, Address];
  return other.pending < one.pending ? other : one;
}
