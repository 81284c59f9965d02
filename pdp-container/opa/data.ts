import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequestError } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Decider } from '../decider.ts';
import { withinAnswerTime } from '../http/answer-time.ts';
import { parseJsonBody } from '../http/json-body.ts';
import { requestIds } from '../http/request-id.ts';
import { sendJson } from '../http/send-json.ts';
import type { Limits } from '../options.ts';
import type { PermitTypes } from '../permit/mapping.ts';
import { sendOpaError } from './answers.ts';
import { DEFAULT_DECISION, type OpaCall, opaDocuments } from './documents.ts';
import { isSet, parseParameters, queryOf, type ReadParameters } from './parameters.ts';
import { type DocumentPath, documentPathOf, referenceOf } from './path.ts';
import { DocumentReader } from './reader.ts';
import { ACCESS_REQUEST, getSchema, postSchema, webhookSchema } from './schemas.ts';

/** What documents are answered from. */
export interface DataParts {
  active: ActiveRevision;
  decider: Decider;
  limits: Limits;
  types: PermitTypes;
}

/** The name under which answers tell the revision: OPA has one for each of its bundles. */
const BUNDLE = 'pdp';

/** OPA's Data API, for reading: `/v1/data`, and `/v0/data` and `POST /` with the bare input and result. */
export function dataRoutes(app: FastifyInstance, parts: DataParts): void {
  const documents = opaDocuments(parts.limits.batchItems);
  const api = new DataApi(parts, new DocumentReader(documents));
  const post = api.post.bind(api);
  const get = api.get.bind(api);
  const webhook = api.webhook.bind(api);
  for (const document of documents) {
    const path = document.path.join('/');
    app.post(`/v1/data/${path}`, { schema: postSchema(document) }, post);
    app.get(`/v1/data/${path}`, { schema: getSchema(document), exposeHeadRoute: false }, get);
    app.post(`/v0/data/${path}`, { schema: webhookSchema(document) }, webhook);
  }
  app.post('/v1/data/*', { schema: postSchema(OTHER) }, post);
  app.get('/v1/data/*', { schema: getSchema(OTHER), exposeHeadRoute: false }, get);
  app.post('/v0/data/*', { schema: webhookSchema(OTHER) }, webhook);
  // All documents at once: never had.
  app.post('/v1/data', { schema: { hide: true } }, post);
  app.get('/v1/data', { schema: { hide: true }, exposeHeadRoute: false }, get);
  app.post('/v0/data', { schema: { hide: true } }, webhook);
  app.post('/', { schema: DEFAULT_SCHEMA }, (request, reply) => api.bare(request, reply, DEFAULT_DECISION));
}

/** What there is beside whole documents: parts of them, and nothing. */
const OTHER = { summary: 'A part of a document: a longer path', input: {}, result: {} };

const DEFAULT_SCHEMA = webhookSchema({
  summary: 'The default decision: whether a subject may do an action on a resource',
  input: ACCESS_REQUEST,
  result: { type: 'boolean' },
});

class DataApi {
  readonly #parts: DataParts;
  readonly #reader: DocumentReader;

  constructor(parts: DataParts, reader: DocumentReader) {
    this.#parts = parts;
    this.#reader = reader;
  }

  post(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const input = inputOf(request.body);
    const missing = input === undefined || input === null;
    const warning = { code: 'api_usage_warning', message: "'input' key missing from the request" };
    return this.#answer(
      request,
      reply,
      parseParameters(queryOf(request.url)),
      input,
      missing ? { warning } : {},
    );
  }

  get(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const parameters = parseParameters(queryOf(request.url));
    const { jsonDepth } = this.#parts.limits;
    const input =
      parameters.input === undefined
        ? undefined
        : parseJsonBody(Buffer.from(parameters.input), jsonDepth, 'input');
    return this.#answer(request, reply, parameters, input, {});
  }

  webhook(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return this.bare(request, reply, documentPathOf(request.url));
  }

  /** The body is the input, and the result is all of the answer. */
  async bare(request: FastifyRequest, reply: FastifyReply, path: DocumentPath): Promise<FastifyReply> {
    const found = await this.#reader.read(path, request.body, this.#callOf(request, reply));
    if (!('is' in found)) return sendJson(reply, found.value, isSet(queryOf(request.url), 'pretty'));
    return sendOpaError(reply, 404, 'undefined_document', `document ${found.is}: ${referenceOf(path)}`);
  }

  async #answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { provenance, metrics, pretty }: ReadParameters,
    input: unknown,
    rest: object,
  ): Promise<FastifyReply> {
    const start = performance.now();
    const call = this.#callOf(request, reply);
    const { value } = await this.#reader.read(documentPathOf(request.url), input, call);
    const nanoseconds = Math.round((performance.now() - start) * 1e6);
    const answer = {
      decision_id: request.id,
      ...(provenance ? { provenance: { bundles: { [BUNDLE]: { revision: call.pdp.revision } } } } : {}),
      ...(metrics ? { metrics: { timer_server_handler_ns: nanoseconds } } : {}),
      ...(value === undefined ? {} : { result: value }),
      ...rest,
    };
    return sendJson(reply, answer, pretty);
  }

  /** @throws PdpUnavailableError when no revision is active yet */
  #callOf({ id, headers }: FastifyRequest, reply: FastifyReply): OpaCall {
    const { active, decider, types, limits } = this.#parts;
    return {
      pdp: active.pdp,
      decider,
      types,
      ids: requestIds(id, headers),
      inTime: (work) => withinAnswerTime(reply, limits.answerMs, work),
    };
  }
}

/** `input` of a body; no body is one without it, and so is `null`, as for OPA. */
function inputOf(body: unknown): unknown {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'object' && !Array.isArray(body)) return (body as { input?: unknown }).input;
  throw new InvalidRequestError('body', 'must be an object with the key input');
}
