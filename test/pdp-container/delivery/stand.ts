import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ServeOptions } from '../../../pdp-container/serve.ts';
import { publishedFiles } from '../../published.ts';
import { permitOnly, temporaryDirectory } from '../support/bundles.ts';
import { call } from '../support/client.ts';
import { type Kind, type Origin, startOrigin } from './origins.ts';
import { type Pdp, pdpHere, pdpProcess } from './pdps.ts';

/** What serves, told by whom it lets in. */
const REVISIONS = { alice: 'the revision before', bob: 'the new revision' };

/** Failures that are counted, and states that are shown. */
const METRICS = [
  'pdp_bundle_reloads_total{result="failure"}',
  'pdp_source_failures_total',
  'pdp_bundle_kept',
  'pdp_bundle_keep_failures_total',
];

/** What is to be seen of a PDP, in the words of the document. */
export interface Seen {
  serves: string;
  ready: string;
  /** Where `/health` says what is wrong, and what. */
  health: string;
  problem: string;
  metrics: string;
  log: string;
}

interface Health {
  revision: string | null;
  kept: boolean;
  keepProblem?: string;
  lastReload: { result: string; problems: { file: string; message: string }[] };
  sources: { checkedAt: string | null; problem?: string }[];
}

/** A source, a PDP of it, and a state directory that outlives the PDP. */
export class Stand {
  readonly kind: Kind;
  readonly origin: Origin;
  readonly stateDir: string;
  /** More that the PDP is started with. */
  options: Partial<ServeOptions> = {};
  #pdp: Pdp | undefined;

  private constructor(kind: Kind, origin: Origin, stateDir: string) {
    this.kind = kind;
    this.origin = origin;
    this.stateDir = stateDir;
  }

  static async open(kind: Kind): Promise<Stand> {
    return new Stand(kind, await startOrigin(kind), await temporaryDirectory());
  }

  get pdp(): Pdp {
    return this.#pdp ?? expect.fail('no PDP was started');
  }

  /** A good bundle that lets one user in. */
  async put(user: keyof typeof REVISIONS, how: Parameters<typeof publishedFiles>[1] = {}): Promise<void> {
    await this.origin.put(await publishedFiles(permitOnly(user), how));
  }

  async start(options: Partial<ServeOptions> = {}): Promise<void> {
    this.options = { ...this.options, ...options };
    const { address } = this.origin;
    this.#pdp = await pdpHere({ source: address, stateDir: this.stateDir, ...this.options });
  }

  /** The same in a process of its own. */
  async spawn(fileBlocks?: number): Promise<void> {
    const options = { source: this.origin.address, stateDir: this.stateDir };
    this.#pdp = await pdpProcess(options, this.origin.env, fileBlocks);
  }

  /** Starts with alice let in, and waits until she is, and that is kept. */
  async running(options: Partial<ServeOptions> = {}, how: Parameters<typeof publishedFiles>[1] = {}) {
    // Once a copy is kept, what is of none is taken away.
    const kept = join(this.stateDir, 'kept');
    const ofNone = join(kept, `${'0'.repeat(64)}.tar.gz`);
    await mkdir(kept);
    await writeFile(ofNone, '');
    await this.put('alice', how);
    await this.start(options);
    await this.until(({ serves, log }) => serves === REVISIONS.alice && log === '');
    await expect.poll(() => existsSync(ofNone), { timeout: 15_000 }).toBe(false);
  }

  async stop(how?: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.pdp.stop(how);
  }

  /** Has the sources asked now, so that a long back-off is not waited for. */
  async ask(): Promise<void> {
    await call(this.pdp.url, '/policy-updater/trigger', { method: 'POST' });
  }

  /** Looks until it is so; a test that waits in vain ends by its own limit, with what was seen last. */
  async until(isSo: (seen: Seen) => boolean): Promise<Seen> {
    const end = Date.now() + 15_000;
    for (;;) {
      const seen = await this.see();
      if (isSo(seen) || Date.now() > end) return seen;
      await wait(20);
    }
  }

  /** Resolves when something new was fetched that is not active yet, or else asked for again. */
  async loading(): Promise<void> {
    const before = (await this.#health()).sources[0]?.checkedAt;
    while ((await this.#health()).sources[0]?.checkedAt === before) await wait(1);
  }

  async see(): Promise<Seen> {
    const [ready, health] = [await call(this.pdp.url, '/ready'), await this.#health()];
    const problem = health.lastReload.problems[0];
    const asked = health.sources.find((source) => source.problem !== undefined);
    const said = {
      sources: asked?.problem,
      lastReload: problem === undefined ? undefined : `${problem.file}: ${problem.message}`,
      keepProblem: health.keepProblem,
    };
    const [where = 'nothing', what = ''] = Object.entries(said).find(([, text]) => text !== undefined) ?? [];
    const serious = this.pdp.records().filter(({ level }) => ['warn', 'error', 'fatal'].includes(`${level}`));
    return {
      serves: health.kept ? 'the kept copy' : await this.#serves(),
      ready: String(ready.status),
      health: where,
      problem: what,
      metrics: await this.#metrics(),
      log: [...new Set(serious.map(({ msg }) => msg))].sort().join(', '),
    };
  }

  async #health(): Promise<Health> {
    return (await call(this.pdp.url, '/health')).json as Health;
  }

  async #serves(): Promise<string> {
    for (const [user, name] of Object.entries(REVISIONS)) {
      const body = {
        subject: { type: 'user', id: user },
        action: { name: 'a' },
        resource: { type: 'r', id: '1' },
      };
      const { status, json } = await call(this.pdp.url, '/access/v1/evaluation', { body });
      if (status !== 200) return 'nothing';
      if ((json as { decision: boolean }).decision) return name;
    }
    return 'another revision';
  }

  async #metrics(): Promise<string> {
    const { text } = await call(this.pdp.url, '/metrics');
    const raised = METRICS.filter((metric) =>
      text.split('\n').some((line) => line.startsWith(metric) && !/ 0$/.test(line)),
    );
    return raised.join(', ');
  }
}
