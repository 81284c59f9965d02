// Measures this kit beside its peers, in one run on this machine: npm run bench. Nothing leaves it; under a minute.
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildArchive, readDirectory } from '../compiler/index.ts';
import { benchColdStart } from './bench/cold-start.ts';
import { benchDecisions } from './bench/decisions.ts';
import { benchHttp } from './bench/http.ts';
import { benchMiddleware } from './bench/middleware.ts';
import { start, stopAll } from './bench/processes.ts';
import { POLICIES, QUESTIONS, sampleBundle } from './bench/questions.ts';
import { table } from './bench/table.ts';

const directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-bench-'));
// However this ends. What it started ends with it, by the end of a standard input that only this process holds.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await bench();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}

async function bench(): Promise<void> {
  const bundle = await sampleBundle();
  const policies = Object.keys(bundle.policies.staticPolicies ?? {}).length;
  console.log(
    `Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}; ` +
      `the sample: ${policies} policies, ${bundle.entities.length} entities. Medians.`,
  );
  console.log(table('One decision, in process', ['µs'], await benchDecisions(bundle)));

  const archive = join(directory, 'bundle.tar.gz');
  await writeFile(archive, await buildArchive(bundle, await readDirectory(POLICIES)));
  const quiet = await startPdp(archive, 'off');
  const logging = await startPdp(archive, 'all');
  const bare = await start(
    [fileURLToPath(new URL('bench/bare-server.ts', import.meta.url)), `${await answerBytes(quiet)}`],
    {},
    (line) => line,
  );
  const servers = [
    { name: 'bare node:http', url: bare },
    { name: 'pdp serve, decisions not logged', url: quiet },
    { name: 'pdp serve, every decision logged', url: logging },
  ];
  const columns = ['requests/s', 'p50 ms', 'p99 ms'];
  console.log(table('HTTP, 64 connections, one process each', columns, await benchHttp(servers)));
  console.log(table('One call of a function', ['µs'], await benchMiddleware(archive, quiet)));

  const coldStarts = await benchColdStart(directory, archive, quiet);
  console.log(table('Cold start: from starting Node to the end of the first call', ['ms'], coldStarts));
}

/** Starts a server and resolves with its address once it decides. */
function startPdp(source: string, decisionLog: 'off' | 'all'): Promise<string> {
  let url: string | undefined;
  const program = fileURLToPath(new URL('../bin/pdp.ts', import.meta.url));
  const args = [program, 'serve', source, '--port', '0', '--decision-log', decisionLog];
  return start(args, {}, (line) => {
    const record = JSON.parse(line) as { msg: string; url?: string };
    if (record.msg === 'listening') url = record.url;
    return record.msg === 'revision active' ? url : undefined;
  });
}

/** Size of a server's answer. @throws Error when it is not the decision that the sample gives */
async function answerBytes(url: string): Promise<number> {
  const [question] = QUESTIONS;
  const response = await fetch(`${url}/access/v1/evaluation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question?.request),
  });
  const text = await response.text();
  const { decision } = JSON.parse(text) as { decision?: unknown };
  if (decision !== question?.decision) throw new Error(`the server at ${url} decided otherwise`);
  return Buffer.byteLength(text);
}
