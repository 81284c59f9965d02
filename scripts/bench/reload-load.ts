// Load on one server while its revision changes: URL, a JSON file of questions ({request, decision}), connections, and
// questions a second in all, or 0 for as many as it answers. Prints what it saw since the last report for each line of
// its input, and by itself when the first answer of a new revision comes; ends with its input.
// At a rate, each connection has a question to ask every so often, from then on it waits: also when the server is late
// with the answer before. Without, each asks when it has the last answer.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { percentile } from './measure.ts';

/** What was seen in one stretch of time. */
export interface Seen {
  answers: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  longest: number;
  /** Most milliseconds by which the load itself was late: it is not part of the others. */
  late: number;
  /** Answers of another status or decision, or of an older revision than had answered when it was asked. */
  wrong: number;
}

const [url = '', file = '', connections, rate] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const everyMs = Number(rate) === 0 ? 0 : (Number(connections) * 1_000) / Number(rate);
const questions = (JSON.parse(readFileSync(file, 'utf8')) as { request: unknown; decision: boolean }[]).map(
  ({ request, decision }) => {
    const json = JSON.stringify(request);
    const bytes = Buffer.from(
      `POST /access/v1/evaluation HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
    return { bytes, expected: `{"decision":${decision},` };
  },
);

/** A stretch of time. */
class Stretch {
  readonly since = performance.now();
  readonly latencies: number[] = [];
  wrong = 0;
  late = 0;
}

let stretch = new Stretch();
/** The revisions that have answered, the latest first, and since when that one has. */
const revisions: string[] = [];
let revisionSince = 0;
/** Until all that was asked before the latest revision answered is answered: that still belongs to the change. */
let changing: Stretch | undefined;
let ended = false;

function report({ since, latencies, wrong, late }: Stretch, until: number): void {
  const sorted = Float64Array.from(latencies).sort();
  const seen: Seen = {
    answers: sorted.length,
    perSecond: (sorted.length * 1_000) / (until - since),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    longest: percentile(sorted, 1),
    late,
    wrong,
  };
  console.log(JSON.stringify(seen));
}

/** An answer to what a connection has had to ask since `at`, and sent at `sent`. */
function answered(text: string, expected: string, at: number, sent: number): void {
  const now = performance.now();
  const revision = /"revision":"([0-9a-f]+)"/.exec(text)?.[1];
  if (revision !== undefined && !revisions.includes(revision)) {
    if (revisions.length > 0) {
      changing = stretch;
      stretch = new Stretch();
    }
    revisions.unshift(revision);
    revisionSince = now;
  }
  const of = changing !== undefined && at < revisionSince ? changing : stretch;
  of.latencies.push(now - at);
  const [latest] = revisions;
  const backwards = revision !== latest && sent > revisionSince;
  if (!text.startsWith('HTTP/1.1 200 ') || !text.includes(expected) || backwards) of.wrong += 1;
}

/** Reports the change once nothing that was asked before its end waits. */
function settle(): void {
  if (changing === undefined || all.some((connection) => connection.waitsSince < revisionSince)) return;
  report(changing, revisionSince);
  changing = undefined;
}

class Connection {
  readonly #socket = connect({ host: hostname, port: Number(port), noDelay: true });
  readonly #due: number[] = [];
  #asked: { at: number; sent: number; expected: string } | undefined;
  #received = '';
  #turn: number;

  constructor(first: number) {
    this.#turn = first;
    this.#socket.setEncoding('latin1').on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => {
      throw error;
    });
    this.#socket.on('close', () => {
      if (!ended) throw new Error('the server closed a connection');
    });
  }

  /** Since when it has had what it waits for to be answered. */
  get waitsSince(): number {
    return this.#asked?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Has a question to ask. */
  ask(at: number): void {
    if (this.#asked === undefined) this.#send(at);
    else this.#due.push(at);
  }

  end(): void {
    this.#socket.destroy();
  }

  #send(at: number): void {
    this.#turn += 1;
    const question = questions[this.#turn % questions.length];
    if (question === undefined) return;
    this.#asked = { at, sent: performance.now(), expected: question.expected };
    this.#socket.write(question.bytes);
  }

  #read(text: string): void {
    this.#received += text;
    if (this.#asked === undefined || !isWhole(this.#received)) return;
    const now = performance.now();
    const { at, sent, expected } = this.#asked;
    answered(this.#received, expected, at, sent);
    this.#received = '';
    this.#asked = undefined;
    const next = everyMs === 0 ? now : this.#due.shift();
    if (next !== undefined) this.#send(next);
    settle();
  }
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = Number(/content-length: (\d+)/i.exec(answer.slice(0, head))?.[1]);
  if (Number.isNaN(length)) throw new Error(`the server answered: ${answer.slice(0, 80)}`);
  return answer.length >= head + 4 + length;
}

const all = Array.from({ length: Number(connections) }, (_, index) => new Connection(index * 61));
if (everyMs === 0) for (const connection of all) connection.ask(performance.now());
else {
  // Evenly over the time. A tick finds those that are due; how late it is itself is told apart.
  const next = all.map((_, index) => performance.now() + (index * everyMs) / all.length);
  setInterval(() => {
    const now = performance.now();
    for (const [index, connection] of all.entries()) {
      for (let due = next[index] as number; due <= now; due = next[index] as number) {
        stretch.late = Math.max(stretch.late, now - due);
        next[index] = due + everyMs;
        connection.ask(now);
      }
    }
  }, 1);
}
console.log('ready');
for await (const _line of createInterface({ input: process.stdin })) {
  report(stretch, performance.now());
  stretch = new Stretch();
}
ended = true;
for (const connection of all) connection.end();
process.exit();
