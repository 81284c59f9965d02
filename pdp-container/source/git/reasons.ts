/** What went wrong with git, in words of our own: its output may repeat addresses and what a server says. */
export interface Reason {
  /** Completes "the source cannot be read: …". */
  text: string;
  /** Whether it is the other side, or the way to it. What is not may be our copy, which is then made anew. */
  remote: boolean;
}

/** The first that matches counts. By git's and curl's messages under `LC_ALL=C`, and OpenSSH's. */
const KNOWN: readonly [RegExp, string][] = [
  [/attempting to allocate .* over limit/i, 'it holds an object that is too large'],
  [/fsck error|in fsck/i, 'it holds an object that git does not accept'],
  [
    /could not resolve host|could not resolve hostname|name or service not known/i,
    'the name of its host is not known',
  ],
  [/host key verification failed|no .* host key is known/i, "the host's key is not in PDP_GIT_KNOWN_HOSTS"],
  [
    /authentication failed|could not read (?:username|password)|returned error: (?:401|403)|permission denied \(/i,
    'authentication failed: the token or key is missing, wrong, or may not read it',
  ],
  [
    /repository .*not found|returned error: 404|does not appear to be a git repository|repository not found|not exported/i,
    'there is no such repository, or the token or key may not read it',
  ],
  [
    /returned error: 30\d|unable to update url base from redirection/i,
    'it has moved, and redirects are not followed: give the new address',
  ],
  [/returned error: (?:429|5\d\d)/i, 'the Git host answers with an error'],
  [
    /not our ref|unadvertised object|couldn't find remote ref/i,
    'the repository has no such commit, branch or tag',
  ],
  [/certificate|ssl|tls/i, 'the certificate of its host is not accepted'],
  [
    /failed to connect|couldn't connect|connection (?:refused|timed out|reset|closed)|no route to host|network is unreachable/i,
    'its host cannot be reached',
  ],
  [
    /early eof|hung up|unexpected disconnect|rpc failed|expected flush|unpack|index-pack|protocol error|bad (?:line length|pack)|invalid content-type|not valid: is this a git repository|transfer closed/i,
    'what it sent is cut off or damaged',
  ],
];

const UNKNOWN: Reason = { text: 'git failed', remote: false };

export function reasonFor(stderr: string): Reason {
  // A repository may be named as an error is.
  const said = stderr.replace(/\b[a-z]+:\/\/[^\s']*/gi, '');
  const known = KNOWN.find(([pattern]) => pattern.test(said));
  return known === undefined ? UNKNOWN : { text: known[1], remote: true };
}
