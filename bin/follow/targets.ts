import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ECS } from '@aws-sdk/client-ecs';
import type { ServiceName } from '../ecs/connect.ts';
import { readTasks } from '../ecs/tasks.ts';
import { UsageError } from '../terminal/exit.ts';
import type { Target, Targets } from './follow.ts';
import { type Access, askHealth } from './health.ts';

/** What URLs are asked with. */
export interface UrlAccess {
  key: string | undefined;
  /** Authority (PEM) of `https` URLs. @default those that Node trusts */
  ca: string | undefined;
}

/**
 * The PDPs at base URLs: one at each address that a name has, as private DNS gives an address for each task.
 *
 * @throws UsageError when one is no URL
 */
export function urlTargets(urls: readonly string[], access: UrlAccess): Targets {
  const parsed = urls.map(parseUrl);
  return async () => (await Promise.all(parsed.map((url) => addressesOf(url, access)))).flat();
}

/** The running tasks of a service on ECS, each at its private address. */
export function taskTargets(ecs: ECS, name: ServiceName, access: Access): Targets {
  return async () =>
    (await readTasks(ecs, name))
      .filter(({ lastStatus }) => lastStatus === 'RUNNING')
      .map(({ id, address, port }) => ({
        name: `task ${id}`,
        ask: async () =>
          address === null
            ? { problem: 'it has no private address yet' }
            : askHealth({ host: address, port }, access),
      }));
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `--wait: "${text}" is not an http or https URL, such as https://api.pdp.internal:7000`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--wait: leave user and password out of the URL; PDP_API_KEY is the key');
  }
  return url;
}

async function addressesOf(url: URL, { key, ca }: UrlAccess): Promise<Target[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = Number(url.port) || (isTls ? 443 : 80);
  // An address is no server name: its certificate is for the address.
  const servername = isIP(hostname) === 0 ? hostname : '';
  const access = { key, tls: isTls ? { ca, servername } : undefined };
  const path = `${url.pathname.replace(/\/+$/, '')}/health`;
  let addresses: string[];
  try {
    const found = await lookup(hostname, { all: true });
    // One way to each: a name such as localhost has an address of either family for the same PDP.
    const [first] = found.some(({ family }) => family === 4) ? [4] : [6];
    addresses = found.filter(({ family }) => family === first).map(({ address }) => address);
  } catch (error) {
    const problem = `${hostname} is not found (${(error as NodeJS.ErrnoException).code})`;
    return [{ name: url.origin, ask: async () => ({ problem }) }];
  }
  return addresses.map((host) => ({
    name: addresses.length === 1 ? url.origin : `${url.origin} at ${host}`,
    ask: () => askHealth({ host, port, path, authority: url.host }, access),
  }));
}
