import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { RECORD, REFUSALS } from '../http/schemas.ts';
import { type DescribedPort, openApiDocument } from './document.ts';

export interface OpenApiParts {
  publicUrl: string | undefined;
  /** Whether the ports speak TLS. */
  secure: boolean;
  /** The OPA port, if there is one. */
  opa: FastifyInstance | undefined;
}

const OPENAPI_ROUTE = {
  tags: ['Meta'],
  summary: 'This document',
  response: { 200: RECORD, ...REFUSALS },
};

/** `/openapi.json`: what the routes of all ports take and answer. */
export function openApiRoute(app: FastifyInstance, { publicUrl, secure, opa }: OpenApiParts): void {
  let document: string | undefined;
  const main: DescribedPort = {
    routes: app.described,
    server: { url: publicUrl ?? '/', description: 'The main port' },
  };
  const written = async () => {
    const others = opa === undefined ? [] : [opaPort(opa, secure)];
    return JSON.stringify(await openApiDocument([main, ...others]));
  };
  app.get('/openapi.json', { schema: OPENAPI_ROUTE }, async (_request, reply) => {
    document ??= await written();
    return reply.type('application/json').send(document);
  });
}

/** Listening by now. Of its host no more is known than a client knows. */
function opaPort({ described, server }: FastifyInstance, secure: boolean): DescribedPort {
  const { port } = server.address() as AddressInfo;
  return {
    routes: described,
    server: {
      url: `${secure ? 'https' : 'http'}://{host}:${port}`,
      description: 'The OPA port',
      variables: { host: { default: 'localhost' } },
    },
  };
}
