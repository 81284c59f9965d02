import type {
  AccessRequest,
  Action,
  Decision,
  JsonObject,
  Resource,
  Subject,
} from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { type Answered, type AskSettings, decideAll } from './decide.ts';
import { adviceOf, isUnanswered } from './decision-context.ts';
import { ForbiddenError, ServiceUnavailableError } from './errors.ts';
import type { Authorization, MoreQuestion } from './types.ts';

/**
 * What a handler gets of an answer.
 *
 * @throws ForbiddenError unless it is a permit
 */
export function authorizationOf<Loaded>(
  settings: AskSettings,
  lambdaContext: unknown,
  answered: Answered,
): Authorization<Loaded> {
  const { decision } = answered;
  if (!decision.decision) throw new ForbiddenError(decision);
  return new Permit<Loaded>(settings, lambdaContext, answered, { ...decision, decision: true });
}

/** The methods are the prototype's: what was asked and answered can be compared and logged as data. */
class Permit<Loaded> implements Authorization<Loaded> {
  readonly subject: Subject;
  readonly action: Action;
  readonly resource: Resource;
  declare readonly context?: JsonObject;
  declare readonly loaded: Loaded;
  readonly decision: Decision & { decision: true };
  readonly #settings: AskSettings;
  readonly #lambdaContext: unknown;

  constructor(
    settings: AskSettings,
    lambdaContext: unknown,
    { subject, action, resource, context, ...more }: Answered,
    decision: Decision & { decision: true },
  ) {
    this.#settings = settings;
    this.#lambdaContext = lambdaContext;
    this.subject = subject;
    this.action = action;
    this.resource = resource;
    if (context !== undefined) this.context = context;
    if ('loaded' in more) this.loaded = more.loaded as Loaded;
    this.decision = decision;
  }

  get advice(): readonly string[] {
    return adviceOf(this.decision);
  }

  async check(question: MoreQuestion): Promise<boolean> {
    const [isPermitted] = await this.#permits([question]);
    return isPermitted === true;
  }

  async filter<Item>(
    items: Iterable<Item>,
    toResource: (item: Item) => Resource,
    options: Pick<MoreQuestion, 'action' | 'context'> = {},
  ): Promise<Item[]> {
    const all = [...items];
    const permits = await this.#permits(all.map((item) => ({ ...options, resource: toResource(item) })));
    return all.filter((_item, index) => permits[index]);
  }

  async permittedActions<Name extends string>(
    resource: Resource,
    actions: readonly Name[],
    options: Pick<MoreQuestion, 'context'> = {},
  ): Promise<Name[]> {
    const permits = await this.#permits(actions.map((action) => ({ ...options, resource, action })));
    return actions.filter((_action, index) => permits[index]);
  }

  async #permits(questions: readonly MoreQuestion[]): Promise<boolean[]> {
    const pose = () => questions.map((question) => this.#request(question));
    const decisions = await decideAll(this.#settings, this.#lambdaContext, pose);
    return decisions.map((decision) => isPermit(decision));
  }

  #request({
    action = this.action,
    resource = this.resource,
    context = this.context,
  }: MoreQuestion): AccessRequest {
    return {
      subject: this.subject,
      action: typeof action === 'string' ? { name: action } : action,
      resource,
      ...(context === undefined ? {} : { context }),
    };
  }
}

/** @throws ServiceUnavailableError when the PDP left this item of a batch unanswered */
function isPermit(decision: Decision): boolean {
  if (isUnanswered(decision))
    throw new ServiceUnavailableError(
      new PdpUnavailableError('the PDP left a question of a batch unanswered'),
    );
  return decision.decision;
}
