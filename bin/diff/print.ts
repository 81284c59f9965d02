import { count, print, styled } from '../terminal/output.ts';
import { areNone, type Changes } from './canonical.ts';
import type { UrlRuleChanges } from './data.ts';
import type { Answer, DecisionChange, DecisionChanges } from './decisions.ts';
import type { BundleDiff } from './diff.ts';
import { unifiedLines } from './lines.ts';
import type { PolicyChange, PolicySide } from './policies.ts';

/** Most lines of a policy that are shown. */
const MAX_LINES = 60;

/** Most names in a list. */
const MAX_NAMES = 10;

const MARKS = {
  added: styled('green', '+'),
  removed: styled('red', '-'),
  changed: styled('yellow', '~'),
} as const;

/** Prints what two bundles differ in, for people. */
export function printDiff({ policies, schema, entities, urlRules, decisions }: BundleDiff): void {
  const of = (change: PolicyChange['change']) => policies.filter((policy) => policy.change === change).length;
  printHead('policies', { added: of('added'), removed: of('removed'), changed: of('changed') });
  for (const policy of policies) printPolicy(policy);
  printNames('schema', schema);
  printNames('entities', entities);
  printUrlRules(urlRules);
  printDecisions(decisions);
}

function printHead(name: string, counts: Record<keyof typeof MARKS, number>): void {
  const parts = Object.entries(counts).flatMap(([change, number]) =>
    number === 0 ? [] : [`${number} ${change}`],
  );
  print(`${name.padEnd(10)} ${parts.join(', ') || 'the same'}`);
}

function printPolicy({ id, change, old, new: now, isOnlyText }: PolicyChange): void {
  const side = now ?? old;
  if (side === undefined) return;
  const kinds = join(old?.kind, now?.kind);
  const effects = join(old?.effect, now?.effect);
  const kind = kinds === 'policy' ? '' : `${kinds} `;
  const note = isOnlyText ? '  only its text' : '';
  print(`  ${MARKS[change]} ${kind}${effects} ${styled('bold', id)}  ${styled('dim', side.place)}${note}`);
  for (const line of shown(old, now)) print(`      ${line}`);
}

function join(old: string | undefined, now: string | undefined): string {
  return old === undefined || now === undefined || old === now ? (now ?? old ?? '') : `${old} -> ${now}`;
}

function shown(old: PolicySide | undefined, now: PolicySide | undefined): string[] {
  if (old?.text === now?.text) return [];
  const lines = unifiedLines(old?.text ?? '', now?.text ?? '').filter(
    // Of what is all new or all gone there is no other side.
    (line) => (old === undefined ? line !== '- ' : now === undefined ? line !== '+ ' : true),
  );
  const few = lines.slice(0, MAX_LINES).map(coloured);
  return lines.length > MAX_LINES ? [...few, `… and ${lines.length - MAX_LINES} more lines`] : few;
}

function coloured(line: string): string {
  if (line.startsWith('+')) return styled('green', line);
  return line.startsWith('-') ? styled('red', line) : line;
}

function printNames(name: string, changes: Changes): void {
  const { added, removed, changed } = changes;
  printHead(name, { added: added.length, removed: removed.length, changed: changed.length });
  if (areNone(changes)) return;
  for (const change of ['added', 'removed', 'changed'] as const) {
    const names = changes[change];
    for (const one of names.slice(0, MAX_NAMES)) print(`  ${MARKS[change]} ${one}`);
    if (names.length > MAX_NAMES) print(`  ${MARKS[change]} … and ${names.length - MAX_NAMES} more`);
  }
}

function printUrlRules({ added, removed, isReordered }: UrlRuleChanges): void {
  if (isReordered) print('URL rules  the same, tried in another order');
  else printNames('URL rules', { added, removed, changed: [] });
}

function printDecisions({ asked, changes }: DecisionChanges): void {
  if (asked === 0) {
    print('decisions  none asked: there are no decision tests in tests/*.json of either');
    return;
  }
  const reasons = changes.filter(({ isOnlyReason }) => isOnlyReason).length;
  const others = changes.length - reasons;
  const parts = [
    ...(others > 0 ? [`${others} decided otherwise`] : []),
    ...(reasons > 0 ? [`${reasons} for other reasons`] : []),
  ].join(', ');
  print(`decisions  ${count(asked, 'question')} of the decision tests: ${parts || 'all decided the same'}`);
  for (const change of changes) printDecision(change);
}

function printDecision({ name, place, subject, action, resource, old, new: now }: DecisionChange): void {
  print(`  ${MARKS.changed} ${styled('bold', name)}  ${styled('dim', place)}`);
  print(`      ${subject} ${action} ${resource}`);
  print(`      ${said(old)} -> ${said(now)}`);
}

function said({ decision, policies, error }: Answer): string {
  if (error !== undefined) return `not to be evaluated (${error})`;
  return `${decision ? 'allow' : 'deny'} by ${policies.join(', ') || 'no policy'}`;
}
