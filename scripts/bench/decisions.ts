import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { type Bundle, createPdp } from '../../engine/index.ts';
import { type Contender, compare } from './measure.ts';
import { QUESTIONS } from './questions.ts';
import type { Row } from './table.ts';

type Call = Parameters<typeof cedar.isAuthorized>[0];

/**
 * One decision in this process: our PDP, and the official package with all entities passed, parsing the policies on
 * each call or once. It gets no schema, which would cost it more, but the entities that the schema makes of actions.
 *
 * @throws Error when one of them decides otherwise than the sample says
 */
export function benchDecisions(bundle: Bundle): Promise<Row[]> {
  const pdp = createPdp(bundle);
  const policies = bundle.policies as Call['policies'];
  const entities = [...bundle.entities, ...actionEntities(bundle)] as Call['entities'];
  const prepared = cedar.preparsePolicySet('bench', policies);
  if (prepared.type === 'failure') throw new Error('the official package refuses the policies');
  const asked = QUESTIONS.map(({ request, decision }) => ({
    request,
    decision,
    call: {
      principal: { type: request.subject.type, id: request.subject.id },
      action: { type: 'Action', id: request.action.name },
      resource: { type: request.resource.type, id: request.resource.id },
      context: {},
      entities,
    },
  }));
  const contender = (
    name: string,
    times: number,
    decide: (question: (typeof asked)[number]) => boolean,
  ): Contender => ({
    name,
    times,
    run(count) {
      for (let index = 0; index < count; index += 1) {
        const question = asked[index % asked.length] as (typeof asked)[number];
        if (decide(question) !== question.decision) throw new Error(`${name} decided otherwise`);
      }
    },
  });
  const allowed = (answer: ReturnType<typeof cedar.isAuthorized>) =>
    answer.type === 'success' && answer.response.decision === 'allow';
  return compare(
    [
      contender('serverless-pdp engine', 5_000, ({ request }) => pdp.decide(request).decision),
      contender('cedar-wasm, policies parsed once', 80, ({ call }) =>
        allowed(cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: 'bench' })),
      ),
      contender('cedar-wasm isAuthorized', 40, ({ call }) =>
        allowed(cedar.isAuthorized({ ...call, policies })),
      ),
    ],
    15,
  );
}

function actionEntities({ schema = {} }: Bundle): Bundle['entities'] {
  return Object.entries(schema['']?.actions ?? {}).map(([id, { memberOf }]) => ({
    uid: { type: 'Action', id },
    attrs: {},
    parents: (memberOf ?? []).map((group) => ({ type: 'Action', id: group.id })),
  }));
}
