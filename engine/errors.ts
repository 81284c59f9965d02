/**
 * The one error hierarchy. `name` and `code` are stable: callers may switch on them. Messages are for people;
 * they name the place that is wrong and never the value of an attribute.
 */
export abstract class PdpError extends Error {
  abstract readonly code: string;
  /** The HTTP status that a server answers with for this error. */
  abstract readonly statusCode: number;
  override readonly name: string = 'PdpError';
}

/** The request cannot be evaluated as it stands; sending it again will not help. */
export class InvalidRequestError extends PdpError {
  override readonly name = 'InvalidRequestError';
  readonly code = 'invalid_request';
  readonly statusCode = 400;
  /** Where in the request, as a path: `resource.properties.size`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}

/** No answer could be had: the PDP is away, not ready, overloaded or broken. A caller must deny. */
export class PdpUnavailableError extends PdpError {
  override readonly name: string = 'PdpUnavailableError';
  readonly code: string = 'pdp_unavailable';
  readonly statusCode = 503;
}

/** No answer in the time the caller had. A caller must deny. */
export class PdpTimeoutError extends PdpUnavailableError {
  override readonly name = 'PdpTimeoutError';
  override readonly code = 'pdp_timeout';
}

/** The PDP refused this caller's key (401 or 403). A caller must deny. */
export class PdpAuthenticationError extends PdpUnavailableError {
  override readonly name = 'PdpAuthenticationError';
  override readonly code = 'pdp_authentication';
}

/** The options given to a function of this kit are wrong: a programming or deployment mistake. */
export class ConfigurationError extends PdpError {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration';
  readonly statusCode = 500;
}

/** Something wrong in a bundle, and where. Lines and columns count from 1; columns count UTF-16 units. */
export interface Problem {
  severity: 'error' | 'warning';
  /** Path inside the bundle, with `/`. */
  file: string;
  line: number;
  column: number;
  message: string;
  /** What to do about it, when that is known. */
  help?: string;
  /** Id of the policy it is about. */
  policy?: string;
}

/** A bundle that cannot be used. `problems` has all that was found, not only the first. */
export class InvalidBundleError extends PdpError {
  override readonly name = 'InvalidBundleError';
  readonly code = 'invalid_bundle';
  readonly statusCode = 500;
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column: message`, as compilers and editors understand it. */
export function formatProblem(problem: Problem): string {
  const warning = problem.severity === 'warning' ? 'warning: ' : '';
  const help = problem.help === undefined ? '' : ` (${problem.help})`;
  return `${problem.file}:${problem.line}:${problem.column}: ${warning}${problem.message}${help}`;
}
