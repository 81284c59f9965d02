import { STATUS_CODES } from 'node:http';
import { fastify } from 'fastify';
import type { DescribedRoute } from './routes.ts';

/** One port, and where it is reached. */
export interface DescribedPort {
  routes: readonly DescribedRoute[];
  server: { url: string; description: string; variables?: Record<string, { default: string }> };
}

interface Answer {
  description: string;
  content?: Record<string, { schema: object }>;
}

interface Operation {
  parameters?: object[];
  responses: Record<string, Answer>;
}

type Server = DescribedPort['server'];
type PathItem = { servers?: Server[] } & { [method in (typeof METHODS)[number]]?: Operation };

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, PathItem>;
}

/** Those that OpenAPI 3.1 has a place for; there is none for QUERY. */
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

/** Of the API, not of the package. */
const VERSION = '1.0.0';

const INFO = {
  title: 'serverless-pdp',
  version: VERSION,
  description:
    'A policy decision point: OpenID AuthZEN, Permit and OPA over Cedar policies, and external authorization for proxies.',
};

const KEY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The key, where PDP_API_KEY is set' },
  header: { type: 'apiKey', in: 'header', name: 'X-PDP-Key', description: 'The same, for proxies' },
} as const;

/** The document of all ports. The paths of the first are at its own server; those of the others say where they are. */
export async function openApiDocument([main, ...others]: readonly [
  DescribedPort,
  ...DescribedPort[],
]): Promise<OpenApiDocument> {
  const document = await documentOf(main);
  for (const { routes, server } of others) {
    const { paths } = await documentOf({ routes, server });
    for (const [path, item] of Object.entries(paths)) {
      const there = document.paths[path];
      document.paths[path] =
        there === undefined
          ? { ...item, servers: [server] }
          : { ...merged(there, item), servers: [main.server, server] };
    }
  }
  return document;
}

/** The routes' schemas by a library that is loaded only here: most processes are never asked for the document. */
async function documentOf({ routes, server }: DescribedPort): Promise<OpenApiDocument> {
  const { fastifySwagger } = await import('@fastify/swagger');
  const app = fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [server],
      components: { securitySchemes: KEY_SCHEMES },
      security: Object.keys(KEY_SCHEMES).map((scheme) => ({ [scheme]: [] })),
    },
    stripBasePath: false,
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({
      schema: { ...schema, response: withDescriptions(schema.response) },
      url: url.replace(/\*$/, ':path'),
    }),
  });
  for (const { methods, url, schema } of routes) {
    const method = methods.filter((name) => METHODS.some((known) => known.toUpperCase() === name));
    app.route({ method, url, schema, handler: () => {} });
  }
  await app.ready();
  return app.swagger() as unknown as OpenApiDocument;
}

/** OpenAPI asks for one of each answer. */
function withDescriptions(response: unknown): Record<string, object> {
  const answers = Object.entries((response ?? {}) as Record<string, object>);
  return Object.fromEntries(
    answers.map(([status, answer]) => [status, { description: STATUS_CODES[status] ?? status, ...answer }]),
  );
}

/** A path that is on two ports, which OpenAPI has one place for: an answer is that of the one or of the other. */
function merged(one: PathItem, other: PathItem): PathItem {
  const item = { ...other, ...one };
  for (const method of METHODS) {
    const [a, b] = [one[method], other[method]];
    if (a === undefined || b === undefined) continue;
    const responses = { ...b.responses, ...a.responses };
    for (const [status, answer] of Object.entries(a.responses)) {
      const otherAnswer = b.responses[status];
      if (otherAnswer !== undefined) responses[status] = either(answer, otherAnswer);
    }
    item[method] = { ...a, parameters: [...(a.parameters ?? []), ...(b.parameters ?? [])], responses };
  }
  return item;
}

function either(a: Answer, b: Answer): Answer {
  const content: Answer['content'] = { ...b.content, ...a.content };
  for (const [type, { schema }] of Object.entries(a.content ?? {})) {
    const other = b.content?.[type]?.schema;
    if (other !== undefined) content[type] = { schema: { anyOf: [schema, other] } };
  }
  return { description: `${a.description}; or: ${b.description}`, content };
}
