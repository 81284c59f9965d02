import type { AccessRequest, Action, EvaluateOptions, Resource } from '../../engine/contract.ts';
import { ConfigurationError, PdpUnavailableError } from '../../engine/errors.ts';
import { isUnanswered } from '../middleware/decision-context.ts';
import type { QuestionSettings } from '../middleware/options.ts';
import { parseOptions } from '../options.ts';

/** What is asked about a field: an action, on the resource of the question unless it has its own. */
export type FieldQuestion = string | { action: Action | string; resource?: Resource };

interface Field {
  name: string;
  action: Action;
  resource: Resource | undefined;
}

/** `Type.field`, as GraphQL names them. */
const FIELD = /^[_A-Za-z]\w*\.[_A-Za-z]\w*$/;

/** @throws ConfigurationError */
export function parseFields(owner: string, value: unknown): Field[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(`${owner}: fields must be an object of questions by Type.field`);
  }
  return Object.entries(value).map(([name, question]) => {
    if (!FIELD.test(name)) throw new ConfigurationError(`${owner}: fields: "${name}" must be a Type.field`);
    const place = `${owner}: fields["${name}"]`;
    const { action, resource } =
      typeof question === 'string'
        ? { action: question, resource: undefined }
        : parseQuestion(place, question);
    return { name, action: parseAction(place, action), resource: parseResource(place, resource) };
  });
}

function parseQuestion(place: string, value: unknown): { action?: unknown; resource?: unknown } {
  return parseOptions(place, value, ['action', 'resource']);
}

function parseAction(place: string, value: unknown): Action {
  const name: unknown = typeof value === 'object' && value !== null && 'name' in value ? value.name : value;
  if (typeof name !== 'string' || name === '')
    throw new ConfigurationError(`${place}: action must be a name or have one`);
  return typeof value === 'string' ? { name } : (value as Action);
}

function parseResource(place: string, value: unknown): Resource | undefined {
  if (value === undefined) return undefined;
  const { type, id } = (value ?? {}) as Partial<Resource>;
  if (typeof type === 'string' && type !== '' && typeof id === 'string' && id !== '')
    return value as Resource;
  throw new ConfigurationError(
    `${place}: resource must have a type and an id that are strings and not empty`,
  );
}

/**
 * Settings by which the fields are asked about along with the question, in one call.
 *
 * @param denied is given the names of those that are not permitted
 */
export function withFields<Event>(
  settings: QuestionSettings<Event>,
  fields: readonly Field[],
  denied: string[],
): QuestionSettings<Event> {
  if (fields.length === 0) return settings;
  const evaluate = async (question: AccessRequest, options?: EvaluateOptions) => {
    const pdp = await settings.pdp();
    const questions = fields.map(({ action, resource }) => ({
      ...question,
      action,
      resource: resource ?? question.resource,
    }));
    const [decision, ...answers] = await pdp.evaluateAll([question, ...questions], options);
    if (
      decision === undefined ||
      answers.length !== fields.length ||
      [decision, ...answers].some(isUnanswered)
    )
      throw new PdpUnavailableError('the PDP did not answer every question');
    denied.push(
      ...fields.filter((_field, index) => answers[index]?.decision !== true).map(({ name }) => name),
    );
    return decision;
  };
  return { ...settings, pdp: async () => ({ evaluate, evaluateAll: unasked }) };
}

function unasked(): Promise<never> {
  return Promise.reject(new PdpUnavailableError('not asked for'));
}
