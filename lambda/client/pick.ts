import type { Address } from './address.ts';

/**
 * The address for the next attempt: of two random ones, the one with fewer attempts under way, which is near the best
 * spread there is (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). Those tried before,
 * and those whose breaker is open, only when there is no other. After a first attempt those of the other family, IPv4
 * or IPv6, go before: when there is no way to one address of a family, there is none to the others (RFC 8305).
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
  const families = new Set([...tried].map(({ ip }) => familyOf(ip)));
  const other = ready.filter(({ ip }) => !families.has(familyOf(ip)));
  const best = [other, ready, left].find(({ length }) => length > 0) ?? addresses;
  return lessBusy(best, random);
}

function familyOf(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}

function lessBusy(addresses: readonly Address[], random: () => number): Address {
  const first = Math.floor(random() * addresses.length);
  // Any but the first, each as likely.
  const second = (first + 1 + Math.floor(random() * (addresses.length - 1))) % addresses.length;
  const [one, other] = [addresses[first], addresses[second]] as [Address, Address];
  return other.pending < one.pending ? other : one;
}
