import { isAbsolute, join, relative } from 'node:path';
import { formatProblem, type Problem } from '../../engine/index.ts';
import { styled } from '../terminal/output.ts';
import type { Message } from './child.ts';

/** A path as one would type it here. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/**
 * What a log record of the PDP means to a person, in lines; nothing for what a person need not know. Problems
 * are named with the path that an editor opens.
 *
 * @param source the bundle's directory
 */
export function narrate(message: Message, source: string): string[] {
  switch (message.msg) {
    case 'revision active':
      return [
        styled('green', `policies: revision ${text(message.revision)} is active`),
        ...problemLines(message.warnings, source),
      ];
    case 'revision unchanged':
      return [styled('dim', `policies: unchanged, revision ${text(message.revision)} goes on`)];
    case 'reload failed':
      return [styled('red', failure(message)), ...problemLines(message.problems, source)];
    case 'decision':
      return [decision(message)];
    default:
      return message.level === 'error' || message.level === 'fatal'
        ? [styled('red', `PDP: ${message.msg}`)]
        : [];
  }
}

function failure({ serving }: Message): string {
  return typeof serving === 'string'
    ? `policies: not valid, so not taken over; revision ${serving} goes on answering`
    : 'policies: not valid; until they are, nobody is let in (503)';
}

function problemLines(problems: unknown, source: string): string[] {
  if (!Array.isArray(problems)) return [];
  return (problems as Problem[]).map((problem) => {
    const file = isAbsolute(problem.file) ? problem.file : join(source, problem.file);
    const line = formatProblem({ ...problem, file: shortPath(file) });
    return `  ${styled(problem.severity === 'warning' ? 'yellow' : 'red', line)}`;
  });
}

function decision(message: Message): string {
  const permitted = message.decision === true;
  const policies = Array.isArray(message.policies) ? message.policies.map(String) : [];
  const why =
    policies.length > 0 ? policies.join(', ') : permitted ? 'no reason given' : 'no policy permits it';
  const what = `${entity(message.subject)} ${text(message.action)} ${entity(message.resource)}`;
  return `${permitted ? styled('green', 'permit') : styled('yellow', 'deny  ')} ${what}  ${styled('dim', why)}`;
}

function entity(value: unknown): string {
  const { type, id } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return `${text(type)}::${JSON.stringify(text(id))}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '?';
}
