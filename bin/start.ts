/**
 * `npm start`: the PDP, as the container runs it, and the sample application on this machine. The environment
 * may set PDP_PORT (7766), PDP_OPA_PORT (8181), PORT (3000) and PDP_SOURCE (pdp-container/policies).
 */
import { parseSettings, StartError } from './start/settings.ts';
import { start } from './start/start.ts';

const told = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});

try {
  process.exitCode = await start(parseSettings(process.env), told);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
