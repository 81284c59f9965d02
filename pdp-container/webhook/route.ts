import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { sendError } from '../http/errors.ts';
import { ERROR, ERRORS, NO_KEY } from '../http/schemas.ts';
import { sendJson } from '../http/send-json.ts';
import { proofOf, type WebhookSecret } from './proof.ts';

const PATH = '/policy-updater/webhook';

/** Largest body, in bytes: what GitHub caps its own at. It is not kept, only signed as it arrives. */
const BODY_BYTES = 25 * 1024 * 1024;

/** Most that are under way at once: whose body has not come yet may be a stranger, and takes no place of a question. */
const UNDER_WAY = 64;

const MISSING =
  'a signature is missing: X-Hub-Signature-256 or X-Hub-Signature of the form sha256=…, or X-Gitlab-Token';

const HEADER = { type: 'string' } as const;

const WEBHOOK_SCHEMA = {
  tags: ['Sources'],
  summary: 'A Git host tells that something was pushed: every source is asked again, after the answer',
  security: NO_KEY,
  headers: {
    type: 'object',
    properties: {
      'x-hub-signature-256': {
        ...HEADER,
        description: 'sha256= and the HMAC of the body, as GitHub sends it',
      },
      'x-hub-signature': { ...HEADER, description: 'The same, as Bitbucket sends it' },
      'x-gitlab-token': { ...HEADER, description: 'The secret itself, as GitLab sends it' },
    },
  },
  response: {
    202: {
      type: 'object',
      required: ['status'],
      properties: { status: { const: 'accepted' } },
      description: 'The sources are being asked; /health has what comes of it',
    },
    401: { ...ERROR, description: 'The signature was not sent, or is not the right one' },
    413: ERRORS[413],
    503: ERRORS[503],
  },
};

export interface WebhookParts {
  logger: Logger;
  /** @default there is no webhook */
  webhookSecret: WebhookSecret | undefined;
  /** Asks every source. Those who call meanwhile share what comes next. */
  reload(): Promise<boolean>;
}

/**
 * `POST /policy-updater/webhook`: a Git host's push event. The signature proves who calls; no key is asked for, and
 * nothing that the body says is gone by. Whoever sends one again brings about a look at the sources, and no more.
 */
export function webhookRoute(app: FastifyInstance, { logger, webhookSecret, reload }: WebhookParts): void {
  if (webhookSecret === undefined) {
    const closed = { schema: { hide: true }, config: { ownProof: true } };
    app.post(
      PATH,
      { ...closed, onRequest: (_request, reply) => void sendError(reply, 404, 'not found') },
      () => {},
    );
    return;
  }
  let underWay = 0;
  app.register(async (scope) => {
    signBodies(scope, webhookSecret);
    scope.post<{ Body: Buffer | undefined }>(PATH, {
      schema: WEBHOOK_SCHEMA,
      config: { ownProof: true },
      onRequest: (request, reply, done) => {
        if (proofOf(request.headers) === undefined) {
          sendError(reply.header('connection', 'close'), 401, MISSING);
          return;
        }
        if (underWay === UNDER_WAY) {
          sendError(
            reply.header('connection', 'close'),
            503,
            `more than ${UNDER_WAY} webhooks are under way`,
          );
          return;
        }
        underWay += 1;
        reply.raw.on('close', () => {
          underWay -= 1;
        });
        done();
      },
      handler: async (request, reply) => {
        const proof = proofOf(request.headers);
        const digest = request.body ?? webhookSecret.signer().digest();
        if (proof === undefined || !webhookSecret.accepts(proof, digest)) {
          return sendError(reply, 401, 'the signature is not the right one');
        }
        logger.info({ requestId: request.id }, 'webhook accepted');
        reload().catch((error: unknown) => logger.error({ err: error }, 'webhook failed'));
        return sendJson(reply.code(202), { status: 'accepted' });
      },
    });
  });
}

/** Has the digest of a body stand for it, whatever its type. */
function signBodies(scope: FastifyInstance, secret: WebhookSecret): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', async (_request: unknown, payload: AsyncIterable<Buffer>) => {
    const signer = secret.signer();
    let size = 0;
    for await (const chunk of payload) {
      size += chunk.length;
      if (size > BODY_BYTES) throw Object.assign(new Error('too large'), { statusCode: 413 });
      signer.update(chunk);
    }
    return signer.digest();
  });
}
