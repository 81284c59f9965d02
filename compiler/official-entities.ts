import { formatUid } from '../engine/entity-uid.ts';
import type { EntityJson, Problem, SchemaJson } from '../engine/index.ts';
import { cedar, guarded } from './cedar.ts';
import { withRawIntegers } from './oracle/raw-integers.ts';

/** Entities given to the official package at once: it reads the schema anew for each call. */
const BATCH = 1_000;

/** A second opinion on entities that passed our own checks: the official package's. */
export function checkEntities(
  entities: EntityJson[],
  schema: SchemaJson | undefined,
  problems: Problem[],
): void {
  for (let start = 0; start < entities.length; start += BATCH) {
    const batch = entities.slice(start, start + BATCH);
    const outcome = guarded(() =>
      cedar().checkParseEntities({
        entities: withRawIntegers(batch) as Parameters<
          ReturnType<typeof cedar>['checkParseEntities']
        >[0]['entities'],
        ...(schema === undefined
          ? {}
          : { schema: schema as Parameters<ReturnType<typeof cedar>['schemaToText']>[0] }),
      }),
    );
    const failures =
      'failure' in outcome
        ? [`Cedar could not read the entities from ${formatUid((batch[0] as EntityJson).uid)} on`]
        : outcome.answer.type === 'failure'
          ? outcome.answer.errors.map(({ message }) => message)
          : [];
    for (const message of failures)
      problems.push({ severity: 'error', file: 'entities', line: 1, column: 1, message });
  }
}
