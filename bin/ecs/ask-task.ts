import { type Access, askHealth } from '../follow/health.ts';
import { UsageError } from '../terminal/exit.ts';
import type { TaskStatus } from './tasks.ts';

/** How tasks are asked at their private addresses. */
export type TaskAccess = Access;

/** What a task says of itself, or why it says nothing. */
export type TaskAnswer = { status: string; revision: string | null } | { problem: string };

/**
 * Reads how tasks are asked: as functions ask the service, by `PDP_URL`, `PDP_CA` and `PDP_API_KEY`.
 *
 * @param option that asks for it, for messages
 * @throws UsageError when they do not fit together
 */
export function taskAccess(env: NodeJS.ProcessEnv, option = '--ask'): TaskAccess {
  const [address, ca, key] = [env.PDP_URL, env.PDP_CA, env.PDP_API_KEY].map((value) => value || undefined);
  if (address === undefined && ca !== undefined) {
    throw new UsageError(
      `${option}: PDP_CA is set and PDP_URL is not; its host is the name in the tasks' certificates`,
    );
  }
  if (address === undefined) return { key, tls: undefined };
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `${option}: PDP_URL is not an http or https URL, such as https://api.pdp.internal:7000`,
    );
  }
  if (url.protocol === 'http:' && ca !== undefined) {
    throw new UsageError(`${option}: PDP_CA is set but PDP_URL is http; make it https`);
  }
  return { key, tls: url.protocol === 'https:' ? { ca, servername: url.hostname } : undefined };
}

/** Asks a task's `/health` where it listens. Works from where the tasks can be reached: from inside their network. */
export async function askTask({ address, port }: TaskStatus, access: TaskAccess): Promise<TaskAnswer> {
  if (address === null) return { problem: 'it has no private address yet' };
  const said = await askHealth({ host: address, port }, access);
  return 'problem' in said ? said : { status: said.status, revision: said.revision };
}
