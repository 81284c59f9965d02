/**
 * The longest reason in bytes, as JSON has it. A custom resource's whole answer may have 4,096
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html), of which the ARNs
 * in it and what the framework says of the log take up to half.
 */
export const LONGEST_REASON = 2_000;

/** The most names of tests that are told of a task. */
const MOST_NAMES = 5;

/** Puts a heading over lines, as many as may be told; says how many are left out. */
export function reasonOf(heading: string, lines: string[]): string {
  for (let told = lines.length; told > 0; told -= 1) {
    const left = lines.length - told;
    const rest = left === 0 ? [] : [`and ${left} more`];
    const reason = [heading, ...lines.slice(0, told), ...rest].join('\n');
    if (Buffer.byteLength(JSON.stringify(reason)) <= LONGEST_REASON) return reason;
  }
  return heading;
}

/** Names in quotes, each cut where it is long: `"a", "b" and 3 more`. */
export function listNames(names: string[]): string {
  const told = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(shorten(name, 100)));
  const left = names.length - told.length;
  return left === 0 ? told.join(', ') : `${told.join(', ')} and ${left} more`;
}

/** At most so many characters. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
