import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Fixtures, startServer } from './fixtures.ts';
import { LARGE, largeQuestions } from './large-world.ts';
import { run, startChild } from './processes.ts';
import type { Seen } from './reload-load.ts';
import { atMost, type Finding, type Outcome, type Section } from './report.ts';

const CONNECTIONS = 64;
/** Questions a second in all, where they come at a rate: some sixth of what the server can answer. */
const RATE = 3_200;
const QUESTIONS = 4_096;
const WARM_UP_MS = 8_000;
const BEFORE_MS = 15_000;
const AFTER_MS = 15_000;
const RSS_EVERY_MS = 50;

const STEADY = `${RATE.toLocaleString('en')} questions a second`;
const CLOSED = 'as many as it answers';

/**
 * Reloads 10,000 policies and a million entities while 64 connections ask: once at a rate, which the server keeps up
 * with, and once with each connection asking as soon as it has its answer, which takes all that the machine has.
 */
export async function benchReload({ directory }: Fixtures): Promise<Outcome> {
  const revisions: Record<string, string> = {};
  for (const revision of ['earlier', 'later']) {
    const file = join(directory, `${revision}.tar.gz`);
    const written = await run([program('large-bundle.ts'), file, revision]);
    revisions[written.output.trim()] = file;
  }
  const questions = join(directory, 'large-questions.json');
  await writeFile(questions, JSON.stringify(largeQuestions(QUESTIONS)));
  const [first = '', second = ''] = Object.values(revisions);
  const source = join(directory, 'served.tar.gz');
  await copyFile(first, source);

  const begun = performance.now();
  const server = startServer(source, ['--port', '0', '--decision-log', 'off', '--reload-interval', '100']);
  const { found: url, child } = await server;
  const readySeconds = (performance.now() - begun) / 1_000;
  const memory = new Memory(child.pid);
  const boot = await memory.peakSoFar();

  const sections: Section[] = [
    {
      title: `Boot with ${LARGE.policies.toLocaleString('en')} policies and ${LARGE.entities.toLocaleString('en')} entities`,
      columns: ['s to ready', 'MB RSS at the most'],
      rows: [{ name: 'pdp serve', figures: [readySeconds, boot] }],
    },
  ];
  const findings: Finding[] = [];
  for (const [name, rate, changed] of [
    [STEADY, RATE, second],
    [CLOSED, 0, first],
  ] as const) {
    const reload = await observe({ url, questions, rate, source, changed, memory });
    sections.push(sectionOf(name, reload));
    findings.push(...findingsOf(name, reload));
  }
  memory.stop();
  return { sections, findings };
}

interface Reload {
  before: Seen;
  during: Seen;
  after: Seen;
  seconds: number;
  rss: { before: number; peak: number; after: number };
}

interface Scene {
  url: string;
  questions: string;
  rate: number;
  source: string;
  changed: string;
  memory: Memory;
}

async function observe({ url, questions, rate, source, changed, memory }: Scene): Promise<Reload> {
  const load = await Load.start([url, questions, `${CONNECTIONS}`, `${rate}`]);
  await sleep(WARM_UP_MS);
  await load.report();
  await sleep(BEFORE_MS);
  const before = await load.report();
  const rssBefore = await memory.now();
  memory.take();
  await copyFile(changed, `${source}.new`);
  const begun = performance.now();
  await load.report();
  await rename(`${source}.new`, source);
  // It tells by itself, by the first answer of the new revision.
  const during = await load.next();
  const seconds = (performance.now() - begun) / 1_000;
  await sleep(AFTER_MS);
  const after = await load.report();
  const peak = memory.take();
  const rssAfter = await memory.now();
  await load.end();
  return { before, during, after, seconds, rss: { before: rssBefore, peak, after: rssAfter } };
}

function sectionOf(name: string, { before, during, after, seconds, rss }: Reload): Section {
  const row = (title: string, { perSecond, p50, p99, longest, late }: Seen, megabytes: number) => ({
    name: title,
    figures: [p99, p50, longest, perSecond, late, megabytes],
  });
  return {
    title: `A reload under 64 connections, ${name}: active after ${seconds.toFixed(1)} s (load ${loadavg()[0]?.toFixed(1)})`,
    columns: ['p99 ms', 'p50', 'longest', 'answers/s', 'load late ms', 'MB RSS'],
    rows: [
      row('before', before, rss.before),
      row('during (RSS at the most)', during, rss.peak),
      row('after', after, rss.after),
    ],
  };
}

function findingsOf(name: string, { before, during, after, rss }: Reload): Finding[] {
  const wrong = before.wrong + during.wrong + after.wrong;
  return [
    atMost(`reload, ${name}: p99 during / before`, during.p99 / before.p99, 3, '×'),
    atMost(`reload, ${name}: wrong or failed answers`, wrong, 0, ''),
    atMost(`reload, ${name}: RSS at the most / before`, rss.peak / rss.before, 3, '×'),
  ];
}

/** The process that asks. */
class Load {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(args: string[]): Promise<Load> {
    const { child } = await startChild([program('reload-load.ts'), ...args], {}, (line) => line);
    if (child.stdout === null) throw new Error('the load has no output');
    return new Load(child, createInterface({ input: child.stdout }));
  }

  /** What was seen since the last one. */
  report(): Promise<Seen> {
    this.#child.stdin?.write('\n');
    return this.next();
  }

  async next(): Promise<Seen> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the load ended');
    return JSON.parse(value as string) as Seen;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }
}

/** Resident memory of a process in megabytes, from `/proc`. */
class Memory {
  readonly #pid: number | undefined;
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor(pid: number | undefined) {
    this.#pid = pid;
    this.#timer = setInterval(() => void this.now(), RSS_EVERY_MS);
  }

  async now(): Promise<number> {
    const megabytes = await this.#read('VmRSS');
    this.#peak = Math.max(this.#peak, megabytes);
    return megabytes;
  }

  /** The most since the process began. */
  peakSoFar(): Promise<number> {
    return this.#read('VmHWM');
  }

  /** The most since this was asked last. */
  take(): number {
    const peak = this.#peak;
    this.#peak = 0;
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(field: string): Promise<number> {
    const status = await readFile(`/proc/${this.#pid}/status`, 'utf8').catch(() => '');
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? Number.NaN : (Number(kilobytes) * 1_024) / 1_000_000;
  }
}

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
