import { dirname } from 'node:path';
import type { GitAddress } from './address.ts';

/** Of the PDP's own environment git sees these, for finding programs, proxies and certificate authorities. */
const PASSED_ON = [
  'PATH',
  'TMPDIR',
  'HTTPS_PROXY',
  'https_proxy',
  'ALL_PROXY',
  'all_proxy',
  'NO_PROXY',
  'no_proxy',
  'GIT_SSL_CAINFO',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/**
 * What one of git's allocations may be, in bytes: an object that unpacks to more cannot be of use, and would take the
 * memory of the server that runs beside.
 */
const ALLOCATION = 256 * 1024 * 1024;

/** Settings that hold whatever a repository or a host says. */
const SETTINGS: Record<string, string> = {
  'protocol.version': '2',
  // Every object is checked, and lies in a pack, whose size can be watched.
  'fetch.fsckObjects': 'true',
  'transfer.unpackLimit': '1',
  // What is larger is streamed, and not held in memory.
  'core.bigFileThreshold': '1m',
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'credential.helper': '',
  'core.askPass': '',
  'fetch.recurseSubmodules': 'false',
  'submodule.recurse': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  // The token is for one address only.
  'http.followRedirects': 'false',
};

/**
 * All that git sees. The token is in it, and so in no list of processes; it is sent to its own address only.
 *
 * @param home an empty directory, so that nothing of a user's settings is read
 */
export function gitEnvironment(
  { protocol, remote }: Pick<GitAddress, 'protocol' | 'remote'>,
  home: string,
  token: string | undefined,
  own: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const passed = PASSED_ON.filter((name) => own[name] !== undefined).map((name) => [name, own[name]]);
  const settings = Object.entries(SETTINGS);
  if (token !== undefined && protocol !== 'ssh') {
    settings.push([`http.${remote}.extraHeader`, `Authorization: Basic ${basic(token)}`]);
  }
  return {
    ...Object.fromEntries(passed),
    ...configuration(settings),
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: dirname(home),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: protocol,
    GIT_ALLOC_LIMIT: String(ALLOCATION),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LFS_SKIP_SMUDGE: '1',
    // By a name relative to the directory git runs in: git gives this line to a shell.
    GIT_SSH_COMMAND: 'ssh -F ./ssh_config',
    GIT_SSH_VARIANT: 'ssh',
  };
}

/** GitHub's and GitLab's form of a token; a host that asks for a user name gets the one before a colon. */
function basic(token: string): string {
  return Buffer.from(token.includes(':') ? token : `x-access-token:${token}`).toString('base64');
}

function configuration(settings: [string, string][]): NodeJS.ProcessEnv {
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { ...Object.fromEntries(numbered), GIT_CONFIG_COUNT: String(settings.length) };
}
