import type {
  AccessRequest,
  Decision,
  EvaluateAllOptions,
  EvaluateOptions,
  PolicyDecisionPoint,
} from '../../engine/contract.ts';
import { InvalidRequestError, PdpUnavailableError } from '../../engine/errors.ts';
import { parsePattern, type QuestionPattern } from './question-pattern.ts';
import { refuseInLambda } from './refuse-in-lambda.ts';

/** What a `FakePdp` does with a question: answers, fails with an error, or asks a function what to do. */
export type FakeAnswer =
  | boolean
  | Decision
  | Error
  | ((request: AccessRequest, options: EvaluateOptions) => boolean | Decision | Promise<boolean | Decision>);

interface Rule {
  isAbout: (request: AccessRequest) => boolean;
  answer: FakeAnswer;
}

/**
 * A PDP for unit tests: it remembers what it was asked and answers as it was told. Of several rules that are about a
 * question the newest answers; what none is about is denied.
 *
 * @example
 * const pdp = new FakePdp().permit({ action: 'view', resource: { type: 'Note' } });
 * expect(await readNote(pdp, 'alice', 'acme/roadmap')).toBe('…');
 * expect(pdp).toHaveAsked({ subject: { id: 'alice' }, action: 'view', resource: { id: 'acme/roadmap' } });
 *
 * @throws ConfigurationError when it is made in Lambda
 */
export class FakePdp implements PolicyDecisionPoint {
  /** What it was asked, in order, as it was then; each question of a batch by itself. */
  readonly asked: AccessRequest[] = [];
  #rules: Rule[] = [];

  constructor() {
    refuseInLambda('FakePdp');
  }

  /** Answers questions of a kind. @throws ConfigurationError when the pattern says what no question has */
  answer(pattern: QuestionPattern, answer: FakeAnswer): this {
    this.#rules.unshift({ isAbout: parsePattern('FakePdp', pattern), answer });
    return this;
  }

  /** Permits questions of a kind. @default everything */
  permit(pattern: QuestionPattern = {}): this {
    return this.answer(pattern, true);
  }

  /** Denies questions of a kind. @default everything */
  deny(pattern: QuestionPattern = {}): this {
    return this.answer(pattern, false);
  }

  /** Fails to answer questions of a kind, as when no PDP can be reached. @default everything */
  fail(pattern: QuestionPattern = {}, error: Error = new PdpUnavailableError('the fake PDP is away')): this {
    return this.answer(pattern, error);
  }

  /** Leaves questions of a kind without an answer until the caller gives up. @default everything */
  hang(pattern: QuestionPattern = {}): this {
    return this.answer(pattern, (_request, { signal }) => givenUp(signal));
  }

  /** Forgets its rules and what it was asked. */
  reset(): void {
    this.asked.length = 0;
    this.#rules = [];
  }

  async evaluate(request: AccessRequest, options: EvaluateOptions = {}): Promise<Decision> {
    if (options.signal?.aborted) return givenUp(options.signal);
    // A copy: the application may go on to change what it sent.
    this.asked.push(structuredClone(request));
    const rule = this.#rules.find(({ isAbout }) => isAbout(request));
    const answer = rule?.answer ?? false;
    if (answer instanceof Error) throw answer;
    const said = typeof answer === 'function' ? await answer(request, options) : answer;
    return typeof said === 'boolean' ? { decision: said } : said;
  }

  async evaluateAll(requests: AccessRequest[], options: EvaluateAllOptions = {}): Promise<Decision[]> {
    const { semantic = 'execute_all', ...each } = options;
    const decisive = semantic === 'execute_all' ? undefined : semantic === 'permit_on_first_permit';
    const decisions: Decision[] = [];
    for (const request of requests) {
      const decision = await this.evaluate(request, each).catch(invalidItem);
      decisions.push(decision);
      if (decision.decision === decisive) break;
    }
    return decisions;
  }
}

/** As the contract has it: an invalid item is a deny, and does not reject the batch. */
function invalidItem(error: unknown): Decision {
  if (!(error instanceof InvalidRequestError)) throw error;
  return { decision: false, context: { error: { status: 400, message: error.message } } };
}

function givenUp(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = () => reject(new PdpUnavailableError('the caller gave up', { cause: signal?.reason }));
    if (signal?.aborted) give();
    else signal?.addEventListener('abort', give, { once: true });
  });
}
