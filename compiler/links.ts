import { isEntityTypeName } from '../engine/entity-uid.ts';
import type { Problem, TemplateLink } from '../engine/index.ts';
import type { TextFile } from './files.ts';
import { parseJsonFile } from './json-file.ts';
import type { ParsedPolicy } from './policies.ts';

/**
 * Reads `links.json`: which templates are instantiated, as in Cedar's JSON policy set format,
 * `[{"templateId", "newId", "values": {"?principal": {"type", "id"}}}]`.
 */
export function parseLinks(files: TextFile[], policies: ParsedPolicy[], problems: Problem[]): TemplateLink[] {
  const links: TemplateLink[] = [];
  const taken = new Set(policies.map(({ id }) => id));
  for (const text of files) {
    const file = parseJsonFile(text, problems);
    if (file === undefined) continue;
    if (!Array.isArray(file.value)) {
      problems.push(file.problem([], 'must be a list of template links'));
      continue;
    }
    for (const [index, value] of file.value.entries()) {
      const { link, message } = parseLink(value, policies, taken);
      if (link === undefined) {
        problems.push(file.problem([index], message));
        continue;
      }
      taken.add(link.newId);
      links.push(link);
    }
  }
  return links;
}

function parseLink(
  value: unknown,
  policies: ParsedPolicy[],
  taken: Set<string>,
): { link: TemplateLink; message?: undefined } | { link?: undefined; message: string } {
  const { templateId, newId, values } = (value ?? {}) as Partial<Record<keyof TemplateLink, unknown>>;
  if (typeof templateId !== 'string' || typeof newId !== 'string' || newId === '') {
    return { message: 'a template link needs "templateId" and "newId", both strings' };
  }
  const template = policies.find((policy) => policy.template && policy.id === templateId);
  if (template === undefined) return { message: `there is no template with the id "${templateId}"` };
  if (taken.has(newId)) return { message: `the policy id "${newId}" is taken` };
  const slots = slotsOf(template);
  const given = Object.entries((values ?? {}) as Record<string, unknown>);
  if (given.length !== slots.length || !given.every(([slot, uid]) => slots.includes(slot) && isUid(uid))) {
    return { message: `"values" must give ${slots.join(' and ')}, each a {"type", "id"}, and nothing else` };
  }
  return { link: { templateId, newId, values: Object.fromEntries(given) as TemplateLink['values'] } };
}

function slotsOf({ json }: ParsedPolicy): string[] {
  const scope = JSON.stringify([json.principal, json.resource]);
  return ['?principal', '?resource'].filter((slot) => scope.includes(`"slot":"${slot}"`));
}

function isUid(value: unknown): boolean {
  const { type, id } = (value ?? {}) as { type?: unknown; id?: unknown };
  return typeof type === 'string' && isEntityTypeName(type) && typeof id === 'string' && id.isWellFormed();
}
