import { type Files, type PolicyText, policyTexts } from '../../compiler/index.ts';
import type { TemplateLink } from '../../engine/index.ts';
import { canonical, changesOf } from './canonical.ts';

/** A policy, a template or a template's link, and where it is. */
export interface PolicySide {
  kind: 'policy' | 'template' | 'link';
  /** `permit` or `forbid`; a link's is that of its template. */
  effect: string;
  /** `file:line`; a link is in `links.json`. */
  place: string;
  text: string;
}

export interface PolicyChange {
  id: string;
  change: 'added' | 'removed' | 'changed';
  old?: PolicySide;
  new?: PolicySide;
  /** Written otherwise, and no different in what it says. */
  isOnlyText?: true;
}

interface Side extends PolicySide {
  /** What it says, whatever the layout and comments. */
  meaning: string;
}

/** What policies, templates and links differ in, by id. */
export function diffPolicies(
  before: { files: Files; links: TemplateLink[] },
  after: { files: Files; links: TemplateLink[] },
): PolicyChange[] {
  const [old, now] = [sidesOf(before), sidesOf(after)];
  // By what is written, so that a comment is a change, too.
  const written = (sides: Map<string, Side>) =>
    new Map([...sides].map(([id, { kind, text, meaning }]) => [id, `${kind}\n${meaning}\n${text}`]));
  const { added, removed, changed } = changesOf(written(old), written(now));
  return [
    ...added.map((id): PolicyChange => ({ id, change: 'added', ...sideOf('new', now, id) })),
    ...removed.map((id): PolicyChange => ({ id, change: 'removed', ...sideOf('old', old, id) })),
    ...changed.map((id): PolicyChange => {
      const same = old.get(id)?.meaning === now.get(id)?.meaning && old.get(id)?.kind === now.get(id)?.kind;
      const both = { ...sideOf('old', old, id), ...sideOf('new', now, id) };
      return { id, change: 'changed', ...both, ...(same ? { isOnlyText: true } : {}) };
    }),
  ];
}

function sideOf(name: 'old' | 'new', sides: Map<string, Side>, id: string): Partial<PolicyChange> {
  const side = sides.get(id);
  if (side === undefined) return {};
  const { meaning: _, ...shown } = side;
  return { [name]: shown };
}

function sidesOf({ files, links }: { files: Files; links: TemplateLink[] }): Map<string, Side> {
  const sides = new Map<string, Side>();
  const texts = policyTexts(files);
  for (const policy of texts) sides.set(policy.id, writtenSide(policy));
  for (const link of links) {
    const effect = sides.get(link.templateId)?.effect ?? '';
    const text = canonical({ templateId: link.templateId, values: link.values });
    sides.set(link.newId, { kind: 'link', effect, place: 'links.json', text, meaning: text });
  }
  return sides;
}

function writtenSide({ isTemplate, text, file, line, json }: PolicyText): Side {
  return {
    kind: isTemplate ? 'template' : 'policy',
    effect: json.effect,
    place: `${file}:${line}`,
    text,
    meaning: canonical(json),
  };
}
