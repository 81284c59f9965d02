import type { AccessRequest, Action, JsonObject, Resource, Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { UnauthorizedError } from './errors.ts';
import type { QuestionSettings } from './options.ts';
import type { MiddyRequest } from './types.ts';

/** The question that an event poses, with what was loaded to put it. */
export interface Posed {
  question: AccessRequest;
  loaded?: unknown;
}

/**
 * The question that an event poses.
 *
 * @throws UnauthorizedError when there is no subject
 * @throws ConfigurationError when an extractor gave something that is not of the contract
 * @throws whatever an extractor throws
 */
export async function accessRequest<Event>(
  settings: QuestionSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<Posed> {
  const resolve = async (option: unknown): Promise<unknown> =>
    typeof option === 'function' ? option(request.event, request) : option;
  // The subject first: a request without one has no business making the others look things up.
  const { owner } = settings;
  const subject = parseSubject(owner, await resolve(settings.subject));
  const [action, resource, context] = await Promise.all([
    resolve(settings.action).then((value) => parseAction(owner, value)),
    resolve(settings.resource).then((value) => parseResource(owner, value)),
    resolve(settings.context).then((value) => parseContext(owner, value)),
  ]);
  const question = {
    subject,
    action,
    resource: resource.resource,
    ...(context === undefined ? {} : { context }),
  };
  return 'loaded' in resource ? { question, loaded: resource.loaded } : { question };
}

function parseSubject(owner: string, value: unknown): Subject {
  if (value === undefined || value === null) throw new UnauthorizedError();
  const id = isRecord(value) ? value.id : undefined;
  if (isRecord(value) && (id === undefined || id === null || id === '')) throw new UnauthorizedError();
  return parseEntity<Subject>(owner, 'subject', value);
}

/** A resource, or one with what was loaded to name it. */
function parseResource(owner: string, value: unknown): { resource: Resource; loaded?: unknown } {
  if (isRecord(value) && isRecord(value.resource) && 'loaded' in value)
    return { resource: parseEntity<Resource>(owner, 'resource', value.resource), loaded: value.loaded };
  return { resource: parseEntity<Resource>(owner, 'resource', value) };
}

function parseEntity<T extends Subject | Resource>(owner: string, name: string, value: unknown): T {
  if (isRecord(value) && isText(value.type) && isText(value.id)) return value as unknown as T;
  throw new ConfigurationError(`${owner}: ${name} must have a type and an id that are strings and not empty`);
}

function parseAction(owner: string, value: unknown): Action {
  if (isText(value)) return { name: value };
  if (isRecord(value) && isText(value.name)) return value as unknown as Action;
  throw new ConfigurationError(`${owner}: action must be a name or have one`);
}

function parseContext(owner: string, value: unknown): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (isRecord(value)) return value as JsonObject;
  throw new ConfigurationError(`${owner}: context must be an object`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
