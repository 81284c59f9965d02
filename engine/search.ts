import type { EntityUid } from './cedar-json.ts';
import type {
  ActionSearch,
  Decision,
  EntityRef,
  EvaluateOptions,
  LocalPdp,
  LocalRequest,
  PageRequest,
  ResourceSearch,
  SearchResult,
  SubjectSearch,
} from './contract.ts';
import { InvalidRequestError } from './errors.ts';
import type { CedarRequest, Evaluator } from './evaluator.ts';
import { CANDIDATES_A_TURN, throwIfAborted, turn } from './turns.ts';

/** A search's request in Cedar's terms, and who is asked of each candidate put into it. */
export interface Judge {
  request: CedarRequest;
  evaluator: Evaluator;
}

/** What a search goes through and asks. All are in the code unit order of their ids. */
export interface SearchSource {
  /** Undefined where nothing can be permitted. @throws InvalidRequestError */
  judge(request: LocalRequest): Judge | undefined;
  decide(request: LocalRequest): Decision;
  /** Among these is every subject of the type that may be permitted. */
  principals(type: string, request: CedarRequest): readonly EntityUid[];
  /** Among these is every resource of the type that may be permitted. */
  resources(type: string, request: CedarRequest): readonly EntityUid[];
  actions: readonly EntityUid[];
}

export const DEFAULT_PAGE_LIMIT = 100;
export const MAX_PAGE_LIMIT = 1_000;
/** Candidates judged for one page; past them a page ends early with a token, however few it found. */
export const CANDIDATES_A_PAGE = 100_000;

/** Stands for the id that is searched for, until there is one. */
const NO_ID = '';

/** AuthZEN 1.0, section 8: each candidate is judged as an evaluation would judge it. */
export function searchOf(source: SearchSource): {
  subjects: LocalPdp['searchSubjects'];
  resources: LocalPdp['searchResources'];
  actions: LocalPdp['searchActions'];
} {
  return {
    subjects: async (search, options) => {
      const { type } = search.subject;
      const judge = source.judge({ ...search, subject: { ...search.subject, id: NO_ID } });
      if (judge === undefined) return paged([], search, options);
      const candidates = source.principals(type, judge.request);
      return paged(candidates, search, options, permitting(judge, 'principal'));
    },
    resources: async (search, options) => {
      const { type } = search.resource;
      const judge = source.judge({ ...search, resource: { ...search.resource, id: NO_ID } });
      if (judge === undefined) return paged([], search, options);
      const candidates = source.resources(type, judge.request);
      return paged(candidates, search, options, permitting(judge, 'resource'));
    },
    actions: async (search, options) => {
      const permits = ({ id }: EntityUid) =>
        decideWhereContextFits(source, { ...search, action: { name: id } }).decision;
      const { results, page } = await paged(source.actions, search, options, permits);
      return { results: results.map(({ id }) => ({ name: id })), page };
    },
  };
}

/** Puts a candidate in the place of what is searched for: as the entity, and where properties are laid over it. */
function permitting(
  { request, evaluator }: Judge,
  role: 'principal' | 'resource',
): (candidate: EntityUid) => boolean {
  const { type } = request[role];
  const laidOver = request.attributes?.some(({ uid }) => uid.type === type && uid.id === NO_ID) ?? false;
  if (!laidOver && evaluator.permitting !== undefined) return evaluator.permitting(request, role);
  return ({ id }) => {
    const uid = { type, id };
    const attributes = request.attributes?.map((item) =>
      item.uid.id === NO_ID && item.uid.type === type ? { ...item, uid } : item,
    );
    const asked = { ...request, [role]: uid, ...(attributes === undefined ? {} : { attributes }) };
    return evaluator.isAuthorized(asked).decision === 'allow';
  };
}

/** One context is given for all actions; those that need another cannot be done with it. */
function decideWhereContextFits(source: SearchSource, request: LocalRequest): Decision {
  try {
    return source.decide(request);
  } catch (error) {
    if (error instanceof InvalidRequestError && error.path.startsWith('context')) return { decision: false };
    throw error;
  }
}

async function paged(
  candidates: readonly EntityUid[],
  search: SubjectSearch | ResourceSearch | ActionSearch,
  options: EvaluateOptions | undefined,
  permits?: (candidate: EntityUid) => boolean,
): Promise<SearchResult<EntityRef>> {
  throwIfAborted(options?.signal);
  const limit = pageLimit(search.page);
  const fingerprint = fingerprintOf(search);
  const after = readToken(search.page?.token, fingerprint);
  let index = after === undefined ? 0 : firstAfter(candidates, after);
  const results: EntityRef[] = [];
  let last = '';
  let judged = 0;
  while (index < candidates.length && judged < CANDIDATES_A_PAGE) {
    const candidate = candidates[index] as EntityUid;
    const { type, id } = candidate;
    if (permits?.(candidate)) {
      // One more than asked for: only then is there a next page.
      if (results.length === limit) return pageOf(results, writeToken(last, fingerprint));
      results.push({ type, id });
    }
    last = id;
    index += 1;
    judged += 1;
    if (judged % CANDIDATES_A_TURN !== 0) continue;
    await turn(options?.signal);
    // Entities may have come and gone.
    index = firstAfter(candidates, last);
  }
  return pageOf(results, index < candidates.length ? writeToken(last, fingerprint) : '');
}

function pageOf(results: EntityRef[], nextToken: string): SearchResult<EntityRef> {
  return { results, page: { next_token: nextToken, count: results.length } };
}

function pageLimit(page: PageRequest | undefined): number {
  const limit = page?.limit ?? DEFAULT_PAGE_LIMIT;
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidRequestError('page.limit', 'must be a whole number from 1');
  return Math.min(limit, MAX_PAGE_LIMIT);
}

/** The first candidate beyond an id, which need not be stored any more: pages survive an update of the data. */
function firstAfter(candidates: readonly EntityUid[], id: string): number {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((candidates[middle] as EntityUid).id <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writeToken(after: string, fingerprint: string): string {
  const bytes = new TextEncoder().encode(JSON.stringify([fingerprint, after]));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function readToken(token: string | undefined, fingerprint: string): string | undefined {
  if (token === undefined || token === '') return undefined;
  const [made, after] = decodeToken(token);
  if (made !== fingerprint) {
    throw new InvalidRequestError(
      'page.token',
      'belongs to another search: send the same request with each page',
    );
  }
  return after;
}

function decodeToken(token: string): [string, string] {
  try {
    const bytes = Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') {
      return [parsed[0], parsed[1]];
    }
  } catch {
    // Told below, as any other token that is not ours.
  }
  throw new InvalidRequestError('page.token', 'is not a token of this PDP');
}

/** Names the search a token belongs to. It tells mistakes from each other; it protects nothing. */
function fingerprintOf(search: object): string {
  const { page: _page, ...rest } = search as { page?: unknown };
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(canonical(rest))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(36);
}

function canonical(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}
