import { type ExpectedDecisions, readExpectedDecisions } from '../../engine/expected-decisions.ts';
import { GateError } from './gate-error.ts';
import type { TaskAccess } from './task-client.ts';

/** The file beside the function's code that says what is expected. */
export const EXPECTED_FILE = 'expected.json';

/** The function's variables: those of every caller of the PDP, and the address that the tasks' own certificate is for. */
export interface GateEnvironment {
  /** Base URL of the PDP. */
  PDP_URL?: string | undefined;
  /**
   * As `PDP_URL`, where tasks are not asked as callers ask: behind a load balancer, whose certificate is another.
   *
   * @default - `PDP_URL`
   */
  PDP_TASK_URL?: string | undefined;
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
  const address = env.PDP_TASK_URL || env.PDP_URL;
  const url = address === undefined ? null : URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new GateError('PDP_URL is no http or https URL');
  if (!env.PDP_API_KEY_SECRET) throw new GateError('PDP_API_KEY_SECRET is not set');
  const { protocol, hostname: servername, port } = url;
  const access = {
    protocol,
    servername,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    ca: protocol === 'https:' ? env.PDP_CA || undefined : undefined,
  };
  return { access, keySecret: env.PDP_API_KEY_SECRET };
}

/** @throws InvalidBundleError when the file is damaged, or the file system's error */
export function readExpected(directory: string): ExpectedDecisions {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  return readExpectedDecisions(EXPECTED_FILE, readFileSync(`${directory}/${EXPECTED_FILE}`, 'utf8'));
}
