import type { Resource } from '../../engine/contract.ts';
import { ForbiddenError } from './errors.ts';
import type { LoadedResource } from './types.ts';

/** Gives the resource of an event, and what was loaded to name it. */
export type LoadingExtractor<Event, Loaded, Request = unknown> = (
  event: Event,
  request: Request,
) => Promise<LoadedResource<Loaded>>;

/**
 * The resource that must be loaded to be judged, because policies look at what is stored with it. It is loaded once: the
 * handler finds it as `context.authorization.loaded`. The time for loading is part of `timeoutMs`.
 *
 * When nothing is there the answer is 403, without asking the PDP, as for one that the subject may not see: which exist
 * is nobody's to find out. To say 404 throw an error that has it as `statusCode`, or answer 404 to both in `onDeny`.
 *
 * @param load gives the item, or `undefined` or `null` when there is none
 * @param toResource says what the item is to the policies
 * @example
 * const note = fromLoader(
 *   ({ pathParameters }: APIGatewayProxyEventV2) => findNote(pathParameters?.note),
 *   ({ id, author }) => ({ type: 'Note', id, properties: { author: { type: 'User', id: author } } }),
 * );
 */
export function fromLoader<Event, Loaded, Request = unknown>(
  load: (
    event: Event,
    request: Request,
  ) => Loaded | null | undefined | PromiseLike<Loaded | null | undefined>,
  toResource: (loaded: NonNullable<Loaded>, event: Event) => Resource,
): LoadingExtractor<Event, NonNullable<Loaded>, Request> {
  return async (event, request) => {
    const loaded = await load(event, request);
    if (loaded === undefined || loaded === null) throw new ForbiddenError();
    return { resource: toResource(loaded, event), loaded };
  };
}
