/** What a front does with a request that a route matches: the part of a Lambda handler's signature it uses. */
export type Handler = (event: never, context: never) => unknown;

export interface Route {
  /** As API Gateway writes it: `GET /tenants/{tenant}/notes/{note}`. */
  routeKey: string;
  handler: Handler;
}

export interface Match {
  route: Route;
  pathParameters: Record<string, string>;
}

/**
 * The route for a method and an encoded path. Parameters are decoded, as API Gateway does it. One that holds an
 * encoded slash matches nothing: API Gateway decodes before it matches, so the slash would part the path there.
 */
export function matchRoute(routes: readonly Route[], method: string, path: string): Match | undefined {
  const segments = decodeSegments(path);
  if (segments === undefined) return undefined;
  for (const route of routes) {
    const [routeMethod, template = ''] = route.routeKey.split(' ');
    const pathParameters = routeMethod === method ? matchSegments(template.split('/'), segments) : undefined;
    if (pathParameters !== undefined) return { route, pathParameters };
  }
  return undefined;
}

function matchSegments(template: string[], segments: string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters: [string, string][] = [];
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== segment : segment === '') return undefined;
    if (name !== undefined) parameters.push([name, segment]);
  }
  return Object.fromEntries(parameters);
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return decodeURIComponent(path).split('/');
  } catch {
    return undefined;
  }
}
