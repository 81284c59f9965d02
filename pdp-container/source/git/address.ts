import { ConfigurationError } from '../../../engine/index.ts';
import { isTrustworthy } from '../web-address.ts';

/** A `git+https://host/repo.git#REF:PATH` taken apart. Nothing in it can be taken for an option of git or ssh. */
export interface GitAddress {
  /** As it was given: it has no credentials. */
  name: string;
  /** What git is given: `https://…`, `ssh://…`, or `http://…` of this machine. */
  remote: string;
  protocol: 'https' | 'ssh' | 'http';
  revision: Revision;
  /** The sub-folder, without slashes at its ends; empty for the root. */
  path: string;
}

/** The part before the colon. */
export type Revision =
  | { kind: 'head' }
  /** A branch or a tag; or either, by its full name under `refs/`. */
  | { kind: 'name'; name: string }
  /** All of a commit's id. */
  | { kind: 'commit'; id: string };

const HOST = /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\])$/i;
const SSH_USER = /^[a-z0-9_][a-z0-9_.-]*$/i;
/** SHA-1 or SHA-256. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** @throws ConfigurationError that says what is wrong; it never repeats a password */
export function parseGitAddress(address: string): GitAddress {
  const [, scheme = '', rest = '', fragment = ''] =
    /^git\+([a-z]+):\/\/([^#]*)(?:#(.*))?$/is.exec(address) ?? [];
  const protocol = scheme.toLowerCase();
  if (protocol !== 'https' && protocol !== 'ssh' && protocol !== 'http') {
    throw wrong(
      'a Git source',
      'must be git+https://HOST/REPO.git#REF:PATH or git+ssh://USER@HOST/REPO.git#REF:PATH',
    );
  }
  const remote = remoteOf(protocol, rest);
  const [revision, path] = split(remote, fragment);
  return {
    name: `git+${remote}${fragment === '' ? '' : `#${fragment}`}`,
    remote,
    protocol,
    revision: parseRevision(remote, revision),
    path: parsePath(remote, path),
  };
}

function remoteOf(protocol: GitAddress['protocol'], rest: string): string {
  let url: URL;
  try {
    url = new URL(`${protocol}://${rest}`);
  } catch {
    throw wrong('a Git source', 'is not a well-formed address');
  }
  const { username, password, host, hostname, pathname } = url;
  // Of an address with credentials no more than this is told.
  const place = `git+${protocol}://${host}${pathname}`;
  if (password !== '' || (username !== '' && protocol !== 'ssh')) {
    throw wrong(place, 'has credentials in it: leave them out, and set PDP_SOURCE_TOKEN to the token');
  }
  if (username !== '' && !SSH_USER.test(username)) {
    throw wrong(place, 'has a user name that is not letters, digits, dots, dashes and underscores');
  }
  if (!HOST.test(hostname)) throw wrong(place, 'has no host name that can be one');
  if (protocol !== 'ssh' && !isTrustworthy(url)) {
    throw wrong(place, 'is not encrypted: use git+https (git+http is for a server on this machine)');
  }
  if (CONTROL.test(rest) || rest.includes('\\'))
    throw wrong(place, 'has a control character or a backslash in it');
  if (url.search !== '') throw wrong(place, 'has a query, which a Git address has not');
  if (pathname === '' || pathname === '/') throw wrong(place, 'names no repository');
  const user = username === '' ? '' : `${username}@`;
  return `${protocol}://${user}${host}${pathname}`;
}

/** A ref cannot have a colon in it; a path may. */
function split(remote: string, fragment: string): [revision: string, path: string] {
  let text: string;
  try {
    text = decodeURIComponent(fragment);
  } catch {
    throw wrong(`git+${remote}`, 'has a % after # that is no escape: write %25 for the sign itself');
  }
  const colon = text.indexOf(':');
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function parseRevision(remote: string, text: string): Revision {
  if (text === '' || text === 'HEAD') return { kind: 'head' };
  if (COMMIT.test(text)) return { kind: 'commit', id: text.toLowerCase() };
  if (!isRefName(text)) {
    throw wrong(`git+${remote}`, 'has a name after # that no branch, tag or commit can have');
  }
  return { kind: 'name', name: text };
}

/** By the rules of `git check-ref-format`; a branch or tag cannot begin with a dash either. */
function isRefName(name: string): boolean {
  if (CONTROL.test(name) || /[ ~^:?*[\\]|\.\.|@\{|\/\/|\.$|^[-/]|\/$|^@$/.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

function parsePath(remote: string, text: string): string {
  const path = text.replace(/^\/+|\/+$/g, '');
  if (path === '') return '';
  const parts = path.split('/');
  if (CONTROL.test(path) || path.includes('\\')) {
    throw wrong(`git+${remote}`, 'has a control character or a backslash in the path after the colon');
  }
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw wrong(`git+${remote}`, 'has a path after the colon with .. or an empty part in it');
  }
  if (path.startsWith('-'))
    throw wrong(`git+${remote}`, 'has a path after the colon that begins with a dash');
  return path;
}

function wrong(place: string, problem: string): ConfigurationError {
  return new ConfigurationError(
    place.includes('://') ? `source '${place}': ${problem}` : `${place} ${problem}`,
  );
}
