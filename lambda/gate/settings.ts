import { type ExpectedDecisions, readExpectedDecisions } from '../../engine/expected-decisions.ts';
import { GateError } from './gate-error.ts';
import type { TaskAccess } from './task-client.ts';

/** The file beside the function's code that says what is expected. */
export const EXPECTED_FILE = 'expected.json';

/** The function's variables: those of every caller of the PDP, and where its tasks listen. */
export interface GateEnvironment {
  /** Base URL of the PDP. Tasks speak as it does, and their certificates are for its host. */
  PDP_URL?: string | undefined;
  /** The port of the tasks, which is another than that of a load balancer. */
  PDP_TASK_PORT?: string | undefined;
  /** ARN of the secret that holds the key. */
  PDP_API_KEY_SECRET?: string | undefined;
  /** The authority of the tasks' certificates, in PEM. */
  PDP_CA?: string | undefined;
}

/** @throws GateError when a variable is missing or wrong */
export function parseEnvironment(env: GateEnvironment): {
  access: Omit<TaskAccess, 'key'>;
  keySecret: string;
} {
  const url = env.PDP_URL === undefined ? null : URL.parse(env.PDP_URL);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new GateError('PDP_URL is no http or https URL');
  if (!/^\d{1,5}$/.test(env.PDP_TASK_PORT ?? '')) throw new GateError('PDP_TASK_PORT is no port');
  if (!env.PDP_API_KEY_SECRET) throw new GateError('PDP_API_KEY_SECRET is not set');
  const { protocol, hostname: servername } = url;
  const ca = protocol === 'https:' ? env.PDP_CA || undefined : undefined;
  const access = { protocol, servername, port: Number(env.PDP_TASK_PORT), ca };
  return { access, keySecret: env.PDP_API_KEY_SECRET };
}

/** @throws InvalidBundleError when the file is damaged, or the file system's error */
export function readExpected(directory: string): ExpectedDecisions {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  return readExpectedDecisions(EXPECTED_FILE, readFileSync(`${directory}/${EXPECTED_FILE}`, 'utf8'));
}
