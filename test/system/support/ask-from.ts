/** Run inside a network namespace: asks the URL in its first argument and prints the answer, or exits 1 with why. */
import { ask } from './http.ts';
import { allowed } from './questions.ts';

const [url = ''] = process.argv.slice(2);
try {
  console.log(
    JSON.stringify(await ask(url, { key: process.env.PDP_API_KEY, body: allowed, timeout: 3_000 })),
  );
} catch (error) {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  console.log(cause instanceof Error && 'code' in cause ? cause.code : String(cause));
  // Not by itself: fetch goes on connecting after it was aborted.
  process.exit(1);
}
