import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { type AccessRequest, createEngine, createPdp } from '../../engine/index.ts';
import { type Contender, compare, figure } from './measure.ts';
import { atLeast, atMost, type Outcome } from './report.ts';
import { type World, worldOf } from './world.ts';

type Call = Parameters<typeof cedar.statefulIsAuthorized>[0];

const ENGINE = 'serverless-pdp engine';
const PDP = 'serverless-pdp, AuthZEN';
const WASM = 'cedar-wasm, stateful';
const ROUNDS = 9;

/**
 * One decision in this process, with few and with many policies: the engine, the PDP on it, and the official
 * package with the policies parsed before and the entities passed, as its stateful call is.
 *
 * @throws Error when one of them decides otherwise than it should
 */
export async function benchDecisions(): Promise<Outcome> {
  const few = await rowsOf(10, 300);
  const many = await rowsOf(1_000, 15);
  const growth = await benchGrowth();
  return {
    sections: [
      { title: 'One decision, in process: 10 policies, 5 entities', columns: ['µs'], rows: few },
      { title: 'One decision, in process: 1,000 policies, 5 entities', columns: ['µs'], rows: many },
      { title: 'One decision of the engine, selective scopes', columns: ['µs'], rows: growth.rows },
    ],
    findings: [
      atLeast(
        'decision, 10 policies: cedar-wasm / engine',
        figure(few, WASM) / figure(few, ENGINE),
        250,
        '×',
      ),
      atLeast(
        'decision, 1,000 policies: cedar-wasm / engine',
        figure(many, WASM) / figure(many, ENGINE),
        3_000,
        '×',
      ),
      atMost('decision, 10,000 policies / 10 policies', growth.ratio, 2, '×'),
    ],
  };
}

function rowsOf(policies: number, wasmTimes: number) {
  const world = worldOf(policies);
  return compare(
    [engineOf(ENGINE, world), pdpOf(world), wasmOf(world, `bench-${policies}`, wasmTimes)],
    ROUNDS,
  );
}

async function benchGrowth() {
  const sizes = [10, 1_000, 10_000].map((size) =>
    engineOf(`${size.toLocaleString('en')} policies`, worldOf(size)),
  );
  const rows = await compare(sizes, ROUNDS);
  return { rows, ratio: figure(rows, '10,000 policies') / figure(rows, '10 policies') };
}

function engineOf(name: string, world: World): Contender {
  const engine = createEngine({ policies: { staticPolicies: world.policies }, entities: world.entities });
  return contender(name, 50_000, world, ({ request }) => engine.isAuthorized(request).decision);
}

function pdpOf({ policies, entities, questions }: World): Contender {
  const pdp = createPdp({
    revision: 'bench',
    namespace: '',
    policies: { staticPolicies: policies, templates: {}, templateLinks: [] },
    entities,
  });
  const asked = questions.map(({ request, decision }) => ({ request: accessRequest(request), decision }));
  return contender(PDP, 50_000, { questions: asked }, ({ request }) =>
    pdp.decide(request).decision ? 'allow' : 'deny',
  );
}

function accessRequest({
  principal,
  action,
  resource,
}: World['questions'][number]['request']): AccessRequest {
  return { subject: principal, action: { name: action.id }, resource };
}

function wasmOf({ policies, entities, questions }: World, id: string, times: number): Contender {
  const prepared = cedar.preparsePolicySet(id, { staticPolicies: policies } as Parameters<
    typeof cedar.preparsePolicySet
  >[1]);
  if (prepared.type === 'failure') throw new Error(`cedar-wasm: ${prepared.errors[0]?.message}`);
  const asked = questions.map(({ request, decision }) => ({
    decision,
    call: { ...request, context: {}, entities, preparsedPolicySetId: id } as Call,
  }));
  return contender(WASM, times, { questions: asked }, ({ call }) => {
    const answer = cedar.statefulIsAuthorized(call);
    return answer.type === 'success' ? answer.response.decision : answer.type;
  });
}

function contender<Q extends { decision: string }>(
  name: string,
  times: number,
  { questions }: { questions: Q[] },
  decide: (question: Q) => string,
): Contender {
  return {
    name,
    times,
    run(count) {
      for (let index = 0; index < count; index += 1) {
        const question = questions[index % questions.length] as Q;
        if (decide(question) !== question.decision) throw new Error(`${name} decided otherwise`);
      }
    },
  };
}
