import type {
  AccessRequest,
  ActionSearch,
  Decision,
  EntityRef,
  EvaluateOptions,
  LocalPdp,
  PageRequest,
  ResourceSearch,
  SearchResult,
  SubjectSearch,
} from './contract.ts';
import { InvalidRequestError } from './errors.ts';
import { EVALUATIONS_A_TURN, throwIfAborted, turn } from './turns.ts';

/** What a search goes through and asks. */
export interface SearchSource {
  decide(request: AccessRequest): Decision;
  /** In code unit order. */
  idsOfType(type: string): readonly string[];
  /** In code unit order. */
  actionNames: readonly string[];
}

export const DEFAULT_PAGE_LIMIT = 100;
export const MAX_PAGE_LIMIT = 1_000;
/** Candidates judged for one page; past them a page ends early with a token, however few it found. */
export const CANDIDATES_A_PAGE = 5_000;

/** AuthZEN 1.0, section 8: each candidate is judged as an evaluation would judge it. */
export function searchOf(source: SearchSource): {
  subjects: LocalPdp['searchSubjects'];
  resources: LocalPdp['searchResources'];
  actions: LocalPdp['searchActions'];
} {
  const entities = async (
    type: string,
    search: SubjectSearch | ResourceSearch,
    options: EvaluateOptions | undefined,
    requestFor: (id: string) => AccessRequest,
  ): Promise<SearchResult<EntityRef>> => {
    const { results, page } = await paged(source, source.idsOfType(type), search, options, requestFor);
    return { results: results.map((id) => ({ type, id })), page };
  };
  return {
    subjects: (search, options) =>
      entities(search.subject.type, search, options, (id) => ({
        ...search,
        subject: { ...search.subject, id },
      })),
    resources: (search, options) =>
      entities(search.resource.type, search, options, (id) => ({
        ...search,
        resource: { ...search.resource, id },
      })),
    actions: async (search, options) => {
      const requestFor = (name: string): AccessRequest => ({ ...search, action: { name } });
      const judged = {
        ...source,
        decide: (request: AccessRequest) => decideWhereContextFits(source, request),
      };
      const { results, page } = await paged(judged, source.actionNames, search, options, requestFor);
      return { results: results.map((name) => ({ name })), page };
    },
  };
}

/** One context is given for all actions; those that need another cannot be done with it. */
function decideWhereContextFits(source: SearchSource, request: AccessRequest): Decision {
  try {
    return source.decide(request);
  } catch (error) {
    if (error instanceof InvalidRequestError && error.path.startsWith('context')) return { decision: false };
    throw error;
  }
}

async function paged(
  source: SearchSource,
  candidates: readonly string[],
  search: SubjectSearch | ResourceSearch | ActionSearch,
  options: EvaluateOptions | undefined,
  requestFor: (id: string) => AccessRequest,
): Promise<SearchResult<string>> {
  throwIfAborted(options?.signal);
  const limit = pageLimit(search.page);
  const fingerprint = fingerprintOf(search);
  const after = readToken(search.page?.token, fingerprint);
  const start = after === undefined ? 0 : firstAfter(candidates, after);
  const end = Math.min(candidates.length, start + CANDIDATES_A_PAGE);
  const results: string[] = [];
  let last = '';
  for (let index = start; index < end; index += 1) {
    if (index > start && (index - start) % EVALUATIONS_A_TURN === 0) await turn(options?.signal);
    const id = candidates[index] as string;
    if (source.decide(requestFor(id)).decision) {
      // One more than asked for: only then is there a next page.
      if (results.length === limit) return pageOf(results, writeToken(last, fingerprint));
      results.push(id);
    }
    last = id;
  }
  return pageOf(results, end < candidates.length ? writeToken(last, fingerprint) : '');
}

function pageOf(results: string[], nextToken: string): SearchResult<string> {
  return { results, page: { next_token: nextToken, count: results.length } };
}

function pageLimit(page: PageRequest | undefined): number {
  const limit = page?.limit ?? DEFAULT_PAGE_LIMIT;
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidRequestError('page.limit', 'must be a whole number from 1');
  return Math.min(limit, MAX_PAGE_LIMIT);
}

/** The first candidate beyond an id, which need not be stored any more: pages survive an update of the data. */
function firstAfter(candidates: readonly string[], id: string): number {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((candidates[middle] as string) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writeToken(after: string, fingerprint: string): string {
  const bytes = new TextEncoder().encode(JSON.stringify([fingerprint, after]));
  return btoa(String.fromCharCode(...bytes))
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
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}
