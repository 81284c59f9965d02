/**
 * Whether the answer to an event is an HTTP response: an event of API Gateway (REST, HTTP and WebSocket APIs), of a
 * function URL, of a load balancer or of VPC Lattice. Nobody but AWS makes the outside of an event: what a caller sends is in its body,
 * its headers and the like.
 */
export function isHttpEvent(event: unknown): boolean {
  const requestContext = property(event, 'requestContext');
  return (
    // REST APIs and load balancers.
    (requestContext !== undefined && typeof property(event, 'httpMethod') === 'string') ||
    // HTTP APIs and function URLs.
    property(requestContext, 'http') !== undefined ||
    // WebSocket APIs.
    typeof property(requestContext, 'connectionId') === 'string' ||
    typeof property(requestContext, 'serviceArn') === 'string'
  );
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
