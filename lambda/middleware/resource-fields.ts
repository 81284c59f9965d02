import type { Resource } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions } from '../options.ts';
import { BadRequestError } from './errors.ts';
import type { AppSyncEvent, HttpEvent, RoutedEvent } from './event-kinds.ts';
import { headerValues } from './headers.ts';
import { own, ownAt } from './own.ts';
import { type PayloadEvent, payloadOf } from './payload.ts';

/** What an id in a request is the id of. */
export interface ResourceOptions {
  /** The resource's type: `Note`. */
  type: string;
}

/** Gives the resource of an event. */
export type ResourceExtractor<Event = unknown> = (event: Event) => Resource;

/**
 * The resource that parameters of the path name.
 *
 * @param template the name of one parameter, or names in braces with text between them. A parameter in a template may
 * not hold a slash: `{tenant}/{note}` would otherwise take part of a note's name for its tenant
 * @example
 * authorize({ resource: fromPath('note', { type: 'Note' }), … })
 * authorize({ resource: fromPath('{tenant}/{note}', { type: 'Note' }), … })
 *
 * @throws ConfigurationError when an argument is wrong. The extractor throws a BadRequestError (400) when a parameter
 * is missing
 */
export function fromPath(template: string, options: ResourceOptions): ResourceExtractor<RoutedEvent> {
  const owner = 'fromPath';
  const text = nonEmptyString(owner, 'template', template);
  const type = parseType(owner, options);
  const parameter = (event: unknown, name: string): string => {
    const value = ownAt(event, ['pathParameters', name]);
    return typeof value === 'string' && value !== '' ? value : missing(`path parameter ${name}`);
  };
  if (!/[{}]/.test(text)) return (event) => ({ type, id: parameter(event, text) });
  if (!/^(?:[^{}]*\{[^{}]+\})+[^{}]*$/.test(text))
    throw new ConfigurationError(`${owner}: template must have each parameter in braces: {tenant}/{note}`);
  return (event) => ({
    type,
    id: text.replaceAll(/\{([^{}]+)\}/g, (_braces, name: string) => {
      const value = parameter(event, name);
      if (value.includes('/'))
        throw new BadRequestError(`path parameter ${name} must not have a slash in it`);
      return value;
    }),
  });
}

/**
 * The resource that a field of a JSON body names, or of a message of SQS, SNS, Kinesis or EventBridge.
 *
 * @param field its name, or a path with dots: `note.id`
 * @throws ConfigurationError when an argument is wrong. The extractor throws a BadRequestError (400) when there is no
 * such field
 */
export function fromBody(field: string, options: ResourceOptions): ResourceExtractor<PayloadEvent> {
  return fromField('fromBody', 'body', field, options, payloadOf);
}

/**
 * The resource that an argument of an AppSync field names.
 *
 * @param name its name, or a path with dots: `input.id`
 * @throws ConfigurationError when an argument is wrong. The extractor throws a BadRequestError when there is no such
 * argument
 */
export function fromArguments(name: string, options: ResourceOptions): ResourceExtractor<AppSyncEvent> {
  return fromField('fromArguments', 'argument', name, options, (event) => own(event, 'arguments'));
}

/**
 * The resource that a header names. Which resource it is may be the caller's to say; who asks never is.
 *
 * @throws ConfigurationError when an argument is wrong. The extractor throws a BadRequestError (400) when there is no
 * such header, or more than one
 */
export function fromHeader(name: string, options: ResourceOptions): ResourceExtractor<HttpEvent> {
  const owner = 'fromHeader';
  const header = nonEmptyString(owner, 'name', name).toLowerCase();
  const type = parseType(owner, options);
  return (event) => {
    const [id, ...others] = headerValues(event, header);
    if (typeof id !== 'string' || id === '' || others.length > 0) return missing(`header ${header}`);
    return { type, id };
  };
}

function fromField(
  owner: string,
  place: string,
  field: string,
  options: ResourceOptions,
  fieldsOf: (event: unknown) => unknown,
): ResourceExtractor<unknown> {
  const path = nonEmptyString(owner, place === 'body' ? 'field' : 'name', field).split('.');
  const type = parseType(owner, options);
  return (event) => {
    const id = ownAt(fieldsOf(event), path);
    if (typeof id === 'string' && id !== '') return { type, id };
    if (Number.isSafeInteger(id)) return { type, id: String(id) };
    return missing(`${place} ${field}`);
  };
}

function parseType(owner: string, options: ResourceOptions): string {
  return nonEmptyString(owner, 'type', parseOptions(owner, options, ['type']).type);
}

function missing(what: string): never {
  throw new BadRequestError(`${what} is missing, or no name`);
}
