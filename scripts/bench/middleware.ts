import { createPdpClient } from '../../lambda/client/index.ts';
import { createEmbeddedPdp } from '../../lambda/embedded/index.ts';
import type { Fixtures } from './fixtures.ts';
import { authorized, call, type Handler, plain } from './function.ts';
import { type Contender, compare } from './measure.ts';
import type { Outcome } from './report.ts';

/** Microseconds for one call of a function, one at a time as Lambda makes them: without the middleware and with. */
export async function benchMiddleware(fixtures: Fixtures): Promise<Outcome> {
  const bundle = await fixtures.archive();
  const client = createPdpClient({
    url: await fixtures.server('off'),
    attemptTimeoutMs: 10_000,
    timeoutMs: 10_000,
  });
  const contender = (name: string, times: number, handler: Handler): Contender => ({
    name,
    times,
    async run(count) {
      for (let index = 0; index < count; index += 1) await call(handler);
    },
  });
  try {
    const rows = await compare(
      [
        contender('middy, no middleware', 10_000, plain()),
        contender('embedded', 1_500, authorized(createEmbeddedPdp({ bundle }))),
        contender('remote, server on loopback', 100, authorized(client)),
      ],
      9,
    );
    return { sections: [{ title: 'One call of a function', columns: ['µs'], rows }], findings: [] };
  } finally {
    client.close();
  }
}
