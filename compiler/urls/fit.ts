/**
 * How a part of a rule fits a request. `near` is what a server that is less exact than we are may take for a fit:
 * another letter case, a slash at the end, a parameter sent twice, a host left out. Such a request belongs to no rule.
 */
export type Fit = 'exact' | 'near' | 'no';

/** How the parts fit together. */
export function both(a: Fit, b: Fit): Fit {
  if (a === 'no' || b === 'no') return 'no';
  return a === 'exact' && b === 'exact' ? 'exact' : 'near';
}
