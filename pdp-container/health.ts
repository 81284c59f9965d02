import type { FastifyInstance } from 'fastify';
import type { ActiveRevision } from './active-revision.ts';
import { HEALTH_ROUTE, HEALTHY_ROUTE, METRICS_ROUTE, READY_ROUTE } from './health-schemas.ts';
import type { Authenticate } from './http/authentication.ts';
import type { Metrics } from './metrics.ts';
import type { SourceState } from './source/layer-states.ts';

/** Routes that need no key: whatever starts, routes to or watches a container has none. */
export const HEALTH_ROUTES: ReadonlySet<string> = new Set(['/healthy', '/ready', '/healthcheck', '/health']);

/** What the health routes tell, beside the revision. */
export interface HealthState {
  readonly active: ActiveRevision;
  readonly draining: boolean;
  /** The evaluator can decide nothing any more, and the process must be replaced. */
  readonly broken: boolean;
  readonly startedAt: Date;
  /** In the order of the layers. */
  readonly sources: readonly SourceState[];
  /** When all of them last said that what is active is what they have. */
  readonly confirmedAt: Date | undefined;
  /** Why what is active is not kept on disk, when it should be. */
  readonly keepProblem: string | undefined;
}

/**
 * `/healthy` (the process lives, and need not be replaced), `/ready` and `/healthcheck` (a revision is active and the
 * server is not stopping: safe to route to), `/health` (the same, in detail) and `/metrics`. The problems of a failed
 * load name policies and data, so `/health` shows them only to a caller with the key, when one is set.
 */
export function healthRoutes(
  app: FastifyInstance,
  state: HealthState,
  authenticate: Authenticate,
  metrics: Metrics,
): void {
  app.get('/healthy', { schema: HEALTHY_ROUTE }, (_request, reply) =>
    state.broken
      ? reply.code(503).send({ status: 'unhealthy' })
      : reply.code(200).send({ status: 'healthy' }),
  );
  for (const path of ['/ready', '/healthcheck']) {
    app.get(path, { schema: READY_ROUTE }, (_request, reply) =>
      reply.code(httpStatus(state)).send({ status: statusOf(state), ...activeOf(state) }),
    );
  }
  app.get('/health', { schema: HEALTH_ROUTE }, (request, reply) => {
    const trusted = authenticate(request.headers).ok;
    return reply.code(httpStatus(state)).send(detail(state, trusted));
  });
  app.get('/metrics', { schema: METRICS_ROUTE }, async (_request, reply) => {
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).send(text);
  });
}

/** A revision is active, and the server is neither stopping nor broken: safe to route to. */
export function isReady(state: HealthState): boolean {
  return statusOf(state) === 'ready';
}

function statusOf({ active, draining, broken }: HealthState): 'ready' | 'unready' | 'draining' | 'broken' {
  if (broken) return 'broken';
  if (draining) return 'draining';
  return active.revision === undefined ? 'unready' : 'ready';
}

function httpStatus(state: HealthState): 200 | 503 {
  return isReady(state) ? 200 : 503;
}

/** Which revision, and how old. */
function activeOf({ active: { revision, since }, confirmedAt }: HealthState): object {
  return {
    revision: revision ?? null,
    ageSeconds: secondsSince(since),
    checkedSecondsAgo: secondsSince(confirmedAt),
  };
}

function detail(state: HealthState, trusted: boolean): object {
  const { since, failure, kept } = state.active;
  const [source, ...others] = state.sources;
  return {
    status: statusOf(state),
    uptimeSeconds: secondsSince(state.startedAt),
    ...activeOf(state),
    // Those of several layers have nothing to do with each other.
    sequence: (others.length === 0 ? source?.active?.sequence : undefined) ?? null,
    kept,
    ...(trusted && state.keepProblem !== undefined ? { keepProblem: state.keepProblem } : {}),
    loadedAt: since?.toISOString() ?? null,
    lastReload: {
      result: failure !== undefined ? 'failure' : since !== undefined ? 'success' : 'none',
      failedAt: failure?.at.toISOString(),
      problemCount: failure?.problems.length ?? 0,
      problems: trusted ? (failure?.problems ?? []) : undefined,
    },
    sources: state.sources.map(({ name, checkedAt, active, problem }) => ({
      // An address says where policies are, which is nothing for whoever may ask only whether this lives.
      ...(trusted ? { name } : {}),
      checkedAt: checkedAt?.toISOString() ?? null,
      revision: active?.revision ?? null,
      sequence: active?.sequence ?? null,
      ...(trusted && problem !== undefined ? { problem } : {}),
    })),
  };
}

function secondsSince(time: Date | undefined): number | null {
  return time === undefined ? null : Math.max(0, Math.round((Date.now() - time.getTime()) / 1000));
}
