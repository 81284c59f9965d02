import { isEntityTypeName } from '../engine/entity-uid.ts';
import type { Problem, TemplateLink } from '../engine/index.ts';
import { idInLayer, type TextFile } from './files.ts';
import { parseJsonFile } from './json-file.ts';
import { type ParsedPolicy, placeOf } from './policies.ts';

/**
 * Reads `links.json`: which templates are instantiated, as in Cedar's JSON policy set format,
 * `[{"templateId", "newId", "values": {"?principal": {"type", "id"}}}]`.
 */
export function parseLinks(files: TextFile[], policies: ParsedPolicy[], problems: Problem[]): TemplateLink[] {
  const links: TemplateLink[] = [];
  const taken = new Map(policies.map((policy) => [policy.id, () => placeOf(policy)]));
  for (const text of files) {
    const file = parseJsonFile(text, problems);
    if (file === undefined) continue;
    if (!Array.isArray(file.value)) {
      problems.push(file.problem([], 'must be a list of template links'));
      continue;
    }
    const { problem } = file;
    for (const [index, value] of file.value.entries()) {
      const { link, message, help } = parseLink(value, { policies, taken, layer: text.layer });
      if (link === undefined) {
        problems.push({ ...problem([index], message), ...(help === undefined ? {} : { help }) });
        continue;
      }
      taken.set(link.newId, () => {
        const { file: path, line } = problem([index], '');
        return `${path}:${line}`;
      });
      links.push(link);
    }
  }
  return links;
}

interface Known {
  policies: ParsedPolicy[];
  /** Ids that are taken, and where. */
  taken: Map<string, () => string>;
  /** Of the link. */
  layer: TextFile['layer'];
}

function parseLink(
  value: unknown,
  { policies, taken, layer }: Known,
):
  | { link: TemplateLink; message?: undefined; help?: undefined }
  | { link?: undefined; message: string; help?: string } {
  const { templateId, newId, values } = (value ?? {}) as Partial<Record<keyof TemplateLink, unknown>>;
  if (typeof templateId !== 'string' || typeof newId !== 'string' || newId === '') {
    return { message: 'a template link needs "templateId" and "newId", both strings' };
  }
  const templateOf = (wanted: string) => policies.find(({ id, template }) => template && id === wanted);
  // One without an id of its own is known to its layer by its place there.
  const own = layer === undefined ? undefined : templateOf(idInLayer(layer, templateId));
  const template = own ?? templateOf(templateId);
  if (template === undefined) return { message: `there is no template with the id "${templateId}"` };
  const first = taken.get(newId);
  if (first !== undefined) {
    return { message: `the policy id "${newId}" is taken`, help: `the first is at ${first()}` };
  }
  const slots = slotsOf(template);
  const given = Object.entries((values ?? {}) as Record<string, unknown>);
  if (given.length !== slots.length || !given.every(([slot, uid]) => slots.includes(slot) && isUid(uid))) {
    return { message: `"values" must give ${slots.join(' and ')}, each a {"type", "id"}, and nothing else` };
  }
  return {
    link: { templateId: template.id, newId, values: Object.fromEntries(given) as TemplateLink['values'] },
  };
}

function slotsOf({ json }: ParsedPolicy): string[] {
  const scope = JSON.stringify([json.principal, json.resource]);
  return ['?principal', '?resource'].filter((slot) => scope.includes(`"slot":"${slot}"`));
}

function isUid(value: unknown): boolean {
  const { type, id } = (value ?? {}) as { type?: unknown; id?: unknown };
  return typeof type === 'string' && isEntityTypeName(type) && typeof id === 'string' && id.isWellFormed();
}
