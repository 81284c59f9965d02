import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import { wasmEvaluator } from '../../compiler/index.ts';
import {
  type AccessRequest,
  createPdp,
  type Decision,
  InvalidBundleError,
  parseAccessRequest,
} from '../../engine/index.ts';
import { askRemote } from '../terminal/ask-remote.ts';
import { parseEntityArgument, parseJsonArgument } from '../terminal/entity-argument.ts';
import { EXIT, UsageError } from '../terminal/exit.ts';
import { print, printJson, styled } from '../terminal/output.ts';
import { compileSources, sourcesArgument } from '../terminal/source.ts';

interface CheckOptions {
  url?: string;
  subject?: string;
  subjectProperties?: string;
  action?: string;
  resource?: string;
  resourceProperties?: string;
  context?: string;
  request?: string;
  evaluator: 'compiled' | 'wasm';
  json?: true;
}

/** A decision, and, where it was made here, what the policies that erred said. */
type Answer = Decision & { errors?: { policyId: string; message: string }[] };

/** `pdp check`: one question to a bundle, or to a running PDP. */
export function checkCommand(): Command {
  return new Command('check')
    .description('ask one question of a bundle, or of a running PDP with --url')
    .addArgument(sourcesArgument())
    .option('--url <url>', 'ask the PDP at this base URL instead; PDP_API_KEY is its key')
    .option('--subject <entity>', 'who asks, as User::alice or \'User::"alice"\'')
    .option('--subject-properties <json>', 'attributes of the subject for this question')
    .option('--action <name>', 'what is done')
    .option('--resource <entity>', 'what it is done to, as Note::acme/roadmap')
    .option('--resource-properties <json>', 'attributes of the resource for this question')
    .option('--context <json>', 'the context record')
    .option('--request <file>', 'a whole AuthZEN evaluation request as JSON; - for standard input')
    .addOption(
      new Option('--evaluator <name>', "what evaluates a bundle's policies")
        .choices(['compiled', 'wasm'])
        .default('compiled'),
    )
    .option('--json', 'print the decision as JSON')
    .addHelpText('after', '\nExit status: 0 allowed, 1 denied, 2 the question or the bundle is not valid.\n')
    .action(async (sources: string[], options: CheckOptions) => {
      const request = await readRequest(options);
      const answer =
        options.url === undefined
          ? await askSources(sources, request, options.evaluator)
          : await askRemote(options.url, request);
      process.exitCode = answer.decision ? EXIT.ok : EXIT.negative;
      if (options.json) printJson(answer);
      else printAnswer(answer);
    });
}

async function readRequest(options: CheckOptions): Promise<AccessRequest> {
  const { subject, action, resource } = options;
  if (options.request !== undefined) return parseAccessRequest(await readJson(options.request));
  if (subject === undefined || action === undefined || resource === undefined) {
    throw new UsageError('give --subject, --action and --resource, or a whole --request');
  }
  const properties = (json: string | undefined, option: string) =>
    json === undefined ? {} : { properties: parseJsonArgument(json, option) };
  return parseAccessRequest({
    subject: {
      ...parseEntityArgument(subject, '--subject'),
      ...properties(options.subjectProperties, '--subject-properties'),
    },
    action: { name: action },
    resource: {
      ...parseEntityArgument(resource, '--resource'),
      ...properties(options.resourceProperties, '--resource-properties'),
    },
    ...(options.context === undefined ? {} : { context: parseJsonArgument(options.context, '--context') }),
  });
}

async function readJson(file: string): Promise<unknown> {
  const name = file === '-' ? 'standard input' : file;
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`--request: ${name} cannot be read`);
  }
  try {
    return JSON.parse(content);
  } catch {
    throw new UsageError(`--request: ${name} is not JSON`);
  }
}

async function askSources(
  sources: string[],
  request: AccessRequest,
  evaluator: CheckOptions['evaluator'],
): Promise<Answer> {
  const { result } = await compileSources(sources);
  if (!result.ok) throw new InvalidBundleError(result.problems);
  const options = evaluator === 'wasm' ? { evaluator: wasmEvaluator } : {};
  const { decision, errors } = createPdp(result.bundle, options).explain(request);
  return { ...decision, ...(errors.length > 0 ? { errors } : {}) };
}

function printAnswer({ decision, context, errors }: Answer): void {
  const policies = context?.policies ?? [];
  const by = policies.length > 0 ? `by ${policies.join(', ')}` : 'no policy permits it';
  print(`${decision ? styled('green', 'allow') : styled('red', 'deny')}  ${by}`);
  for (const advice of context?.advice ?? []) print(`       advice: ${advice}`);
  if (context?.error !== undefined) print(`       ${context.error.message}`);
  for (const { policyId, message } of errors ?? [])
    print(`       policy ${policyId} erred and did not apply: ${message}`);
  if (errors === undefined)
    for (const id of context?.errors ?? []) print(`       policy ${id} erred and did not apply`);
  if (context?.revision !== undefined) print(styled('dim', `       revision ${context.revision}`));
}
