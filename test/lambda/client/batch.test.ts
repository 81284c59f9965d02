import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessRequest, Decision, EvaluationsSemantic } from '../../../engine/contract.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { DEFAULT_LIMITS } from '../../../pdp-container/options.ts';
import { answer, serve } from '../servers.ts';

interface Batch {
  evaluations: AccessRequest[];
  options: { evaluations_semantic: EvaluationsSemantic };
}

/** Permits and denies as the request's own context says, so that each decision shows whose it is. */
function decide({ resource, context }: AccessRequest): Decision {
  return { decision: context?.permit === true, context: { policies: [resource.id] } };
}

/** As AuthZEN 1.0, section 7.1.2.1, has it. */
function decideAll(requests: AccessRequest[], semantic: EvaluationsSemantic): Decision[] {
  const decisions = requests.map(decide);
  if (semantic === 'execute_all') return decisions;
  const decisive = decisions.findIndex(
    ({ decision }) => decision === (semantic === 'permit_on_first_permit'),
  );
  return decisive === -1 ? decisions : decisions.slice(0, decisive + 1);
}

/** A server with limits, and the batches that it was sent. */
async function limited(maxItems: number, maxBytes: number) {
  const batches: AccessRequest[][] = [];
  const server = await serve(({ body }, response) => {
    const { evaluations, options } = JSON.parse(body) as Batch;
    batches.push(evaluations);
    if (evaluations.length > maxItems) return answer(response, 400, {});
    if (Buffer.byteLength(body) > maxBytes) return answer(response, 413, {});
    answer(response, 200, { evaluations: decideAll(evaluations, options.evaluations_semantic) });
  });
  return { ...server, batches };
}

function request(id: string, permit = true): AccessRequest {
  return {
    subject: { type: 'User', id: 'bob' },
    action: { name: 'view' },
    resource: { type: 'Note', id },
    context: { permit },
  };
}

const semantics = fc.constantFrom<EvaluationsSemantic>(
  'execute_all',
  'deny_on_first_deny',
  'permit_on_first_permit',
);
const requests = fc.array(
  fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), fc.boolean())
    .map((args) => request(...args)),
  { maxLength: 24 },
);

describe('a batch that is larger than the server takes', () => {
  test('is given the decisions of the undivided one, however it is split', async () => {
    const limits = { items: 1, bytes: 1 };
    const server = await serve(({ body }, response) => {
      const { evaluations, options } = JSON.parse(body) as Batch;
      const alone = evaluations.length === 1;
      const tooLarge = evaluations.length > limits.items || Buffer.byteLength(body) > limits.bytes;
      if (tooLarge && !alone) return answer(response, 413, {});
      answer(response, 200, { evaluations: decideAll(evaluations, options.evaluations_semantic) });
    });
    await fc.assert(
      fc.asyncProperty(
        requests,
        semantics,
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 4_000 }),
        async (all, semantic, items, bytes) => {
          Object.assign(limits, { items, bytes });
          const pdp = createPdpClient({
            url: server.url,
            timeoutMs: 20_000,
            attemptTimeoutMs: 10_000,
            maxBatchItems: items,
            maxRequestBytes: bytes,
          });
          try {
            expect(await pdp.evaluateAll(all, { semantic })).toEqual(decideAll(all, semantic));
          } finally {
            pdp.close();
          }
        },
      ),
    );
  });

  test('is sent in parts as large as the default limits of the server', async () => {
    const server = await limited(DEFAULT_LIMITS.batchItems, DEFAULT_LIMITS.bodyBytes);
    const all = Array.from({ length: 2_500 }, (_, index) => request(`note-${index}`, index % 3 === 0));
    const pdp = createPdpClient({ url: server.url, timeoutMs: 20_000, attemptTimeoutMs: 10_000 });
    expect(await pdp.evaluateAll(all)).toEqual(all.map(decide));
    expect(server.batches.map(({ length }) => length).sort()).toEqual([1_000, 1_000, 500]);
    pdp.close();
  });

  test('is sent in parts as long as the default limit of the server', async () => {
    const server = await limited(DEFAULT_LIMITS.batchItems, DEFAULT_LIMITS.bodyBytes);
    const all = Array.from({ length: 900 }, (_, index) => request(`${index}-${'é'.repeat(1_000)}`));
    const pdp = createPdpClient({ url: server.url, timeoutMs: 20_000, attemptTimeoutMs: 10_000 });
    expect(await pdp.evaluateAll(all)).toEqual(all.map(decide));
    expect(server.batches).toHaveLength(2);
    pdp.close();
  });

  test('is asked no further than to the part that decides', async () => {
    const server = await limited(2, 1_048_576);
    const all = [true, true, true, false, true, true].map((permit, index) => request(`${index}`, permit));
    const pdp = createPdpClient({ url: server.url, timeoutMs: 20_000, maxBatchItems: 2 });
    const decisions = await pdp.evaluateAll(all, { semantic: 'deny_on_first_deny' });
    expect(decisions.map(({ decision }) => decision)).toEqual([true, true, true, false]);
    expect(server.batches).toHaveLength(2);
    pdp.close();
  });

  test('fails as a whole when a part does, and the other parts are taken back', async () => {
    const { promise: takenBack, resolve } = Promise.withResolvers<void>();
    const server = await serve(({ body }, response) => {
      if (body.includes('broken')) answer(response, 500, {});
      else response.on('close', resolve);
    });
    const pdp = createPdpClient({ url: server.url, timeoutMs: 20_000, maxBatchItems: 1 });
    await expect(pdp.evaluateAll([request('fine'), request('broken')])).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: `PDP at ${server.url} answered 500`,
    });
    await takenBack;
    pdp.close();
  });
});
