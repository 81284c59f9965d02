import { BUNDLE, KEY } from '../permit/support.ts';
import { call } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { WEBHOOK_SECRET } from './examples.ts';

export { KEY };

const URLS = [
  {
    method: '*',
    path: '/tenants/{tenant}/notes',
    action: 'read',
    resource: { type: 'note', tenant: '{tenant}' },
  },
];

/** All faces, on both ports, with Permit's fixture. */
export function startAll(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const bundle = { ...BUNDLE, 'urls.json': JSON.stringify(URLS) };
  return startServer({ bundle, apiKey: KEY, opaPort: 0, webhookSecret: WEBHOOK_SECRET, ...options });
}

/** A JSON Schema, as far as it is read here. */
export interface Schema {
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}

type Content = Record<string, { schema: Schema }>;

export interface Operation {
  summary: string;
  tags: string[];
  security?: object[];
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

export interface Document {
  openapi: string;
  security: object[];
  servers: { url: string }[];
  components: { securitySchemes: Record<string, object> };
  paths: Record<string, Record<string, Operation> & { servers?: { url: string }[] }>;
}

export async function documentOf(server: TestServer): Promise<Document> {
  const answer = await call(server.url, '/openapi.json', { headers: { authorization: `Bearer ${KEY}` } });
  return answer.json as Document;
}

/** One operation on one port. */
export interface Described {
  /** `POST /allowed`, and `GET opa:/health` on the OPA port. */
  name: string;
  method: string;
  path: string;
  onOpaPort: boolean;
  operation: Operation;
}

export function operationsOf({ paths }: Document): Described[] {
  return Object.entries(paths).flatMap(([path, { servers = [{ url: '/' }], ...item }]) =>
    servers.flatMap(({ url }) => {
      const onOpaPort = url !== '/';
      return Object.entries(item).map(([method, operation]) => {
        const name = `${method.toUpperCase()} ${onOpaPort ? 'opa:' : ''}${path}`;
        return { name, method: method.toUpperCase(), path, onOpaPort, operation };
      });
    }),
  );
}
