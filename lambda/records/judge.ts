import type { AccessRequest } from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { accessRequest, type Posed } from '../middleware/ask.ts';
import { authorizationOf } from '../middleware/authorization.ts';
import { decideAll } from '../middleware/decide.ts';
import { isUnanswered } from '../middleware/decision-context.ts';
import { startWatch } from '../middleware/decision-listener.ts';
import { ForbiddenError, isClientError } from '../middleware/errors.ts';
import type { QuestionSettings } from '../middleware/options.ts';
import type { Authorization, MiddyRequest } from '../middleware/types.ts';
import type { RecordDenial } from './types.ts';

/** What is to become of a record. */
export type Verdict<Loaded> =
  | { kind: 'permitted'; authorization: Authorization<Loaded> }
  | { kind: 'denied'; denial: RecordDenial }
  /** Nobody could answer, so that asking again may help. */
  | { kind: 'unanswered'; reason: unknown };

/**
 * A verdict for each record, by one batch of questions.
 *
 * @throws ServiceUnavailableError when there is no answer to any; `cause` says why
 */
export async function judge<Record, Loaded>(
  settings: QuestionSettings<Record>,
  request: MiddyRequest<unknown>,
  records: readonly Record[],
): Promise<Verdict<Loaded>[]> {
  let posed: (Posed | Refused)[] = [];
  const decisions = await decideAll(settings, request.context, async () => {
    posed = await Promise.all(records.map((record) => pose(settings, { ...request, event: record })));
    return posed.filter((item) => 'question' in item).map(({ question }): AccessRequest => question);
  });
  const answers = decisions.values();
  return posed.map((item): Verdict<Loaded> => {
    if (!('question' in item)) return item;
    const { question, ...loaded } = item;
    const decision = answers.next().value;
    if (decision === undefined || isUnanswered(decision)) {
      return { kind: 'unanswered', reason: new PdpUnavailableError('the PDP left the record unanswered') };
    }
    if (!decision.decision) return { kind: 'denied', denial: new ForbiddenError(decision) };
    const answered = { ...question, ...loaded, decision };
    return { kind: 'permitted', authorization: authorizationOf<Loaded>(settings, request.context, answered) };
  });
}

type Refused = Exclude<Verdict<never>, { kind: 'permitted' }>;

/** The question of one record; one that has none does not keep the others from being asked about. */
async function pose<Record>(
  settings: QuestionSettings<Record>,
  request: MiddyRequest<Record>,
): Promise<Posed | Refused> {
  const watch = startWatch(settings.onDecision);
  try {
    return await accessRequest(settings, request);
  } catch (error) {
    watch.failed(error);
    if (isClientError(error)) return { kind: 'denied', denial: error };
    return { kind: 'unanswered', reason: error };
  }
}
