import { type GitSourceOptions, gitSource } from '../../../pdp-container/source/git-source.ts';
import {
  DEFAULT_FETCH_LIMITS,
  type FetchLimits,
  type RemoteSource,
} from '../../../pdp-container/source/remote-source.ts';
import { whenDone } from './bundles.ts';
import { unpacked } from './unpacked.ts';

/** A source that is closed when the test, or the suite, is done. */
export async function openGit(
  address: string,
  { limits, ...options }: Partial<Omit<GitSourceOptions, 'limits'>> & { limits?: Partial<FetchLimits> } = {},
): Promise<RemoteSource> {
  const source = await gitSource(address, { limits: { ...DEFAULT_FETCH_LIMITS, ...limits }, ...options });
  whenDone(async () => source.close?.());
  return source;
}

/** Signals of which none goes off. */
export const NEVER = new AbortController().signal;

/** What is fetched, unpacked; undefined when nothing is new. */
export async function fetched(
  source: RemoteSource,
  tag?: string,
): Promise<{ tag: string; files: Record<string, string> } | undefined> {
  const found = await source.fetch(tag, NEVER);
  return found === undefined ? undefined : { tag: found.tag, files: await unpacked(found.archive) };
}
