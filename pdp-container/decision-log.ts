import type { Logger } from 'pino';
import type { Action, Decision, JsonObject } from '../engine/contract.ts';
import type { DecisionLogMode } from './options.ts';
import type { RequestIds } from './request-ids.ts';

/** Longest id, type or name in a log line, in UTF-16 units: a batch must not multiply a long one. */
const MAX_TEXT = 512;
/** Longest properties or context in a log line, in characters of JSON. */
const MAX_ATTRIBUTES = 4_096;
const LEFT_OUT = '(too long for the log)';

type LoggedEntity = { type: string; id?: string; properties?: JsonObject };

/** What was asked, as far as it is known; of an invalid item of a batch that may be nothing. */
export interface Asked {
  subject?: LoggedEntity;
  action?: Action;
  resource?: LoggedEntity;
  context?: JsonObject;
}

/** What a search looks for. */
export type SearchKind = 'subject' | 'resource' | 'action' | 'tenant' | 'permission';

/** Writes one JSON line for each decision, and one for each search with the number of its results. */
export class DecisionLog {
  readonly #logger: Logger;
  readonly #mode: DecisionLogMode;
  readonly #withAttributes: boolean;
  /** The defaults of a batch are one object in many items: measured once. */
  readonly #measured = new WeakMap<JsonObject, JsonObject | string>();

  constructor(logger: Logger, mode: DecisionLogMode, withAttributes: boolean) {
    this.#logger = logger;
    this.#mode = mode;
    this.#withAttributes = withAttributes;
  }

  decision(asked: Asked, { decision, context }: Decision, ids: RequestIds, micros: number): void {
    if (this.#mode === 'off' || (this.#mode === 'denied' && decision)) return;
    this.#logger.info(
      {
        ...logged(ids),
        ...this.#asked(asked),
        decision,
        policies: context?.policies,
        errors: context?.errors,
        error: context?.error?.message,
        revision: context?.revision,
        micros,
      },
      'decision',
    );
  }

  search(
    kind: SearchKind,
    asked: Asked,
    results: number,
    revision: string,
    ids: RequestIds,
    micros: number,
  ): void {
    if (this.#mode !== 'all') return;
    this.#logger.info(
      { ...logged(ids), search: kind, ...this.#asked(asked), results, revision, micros },
      'search',
    );
  }

  #asked({ subject, action, resource, context }: Asked): object {
    const said = {
      subject: entity(subject),
      action: action === undefined ? undefined : clip(action.name),
      resource: entity(resource),
    };
    if (!this.#withAttributes) return said;
    return {
      ...said,
      attributes: {
        subject: this.#attributes(subject?.properties),
        action: this.#attributes(action?.properties),
        resource: this.#attributes(resource?.properties),
        context: this.#attributes(context),
      },
    };
  }

  #attributes(value: JsonObject | undefined): JsonObject | string | undefined {
    if (value === undefined) return undefined;
    let logged = this.#measured.get(value);
    if (logged === undefined) {
      logged = JSON.stringify(value).length > MAX_ATTRIBUTES ? LEFT_OUT : value;
      this.#measured.set(value, logged);
    }
    return logged;
  }
}

function entity(value: LoggedEntity | undefined): { type: string; id?: string } | undefined {
  if (value === undefined) return undefined;
  return value.id === undefined ? { type: clip(value.type) } : { type: clip(value.type), id: clip(value.id) };
}

function logged({ requestId, traceId }: RequestIds): RequestIds {
  return { requestId: clip(requestId), traceId };
}

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
