/**
 * Run inside a network namespace: asks the URL in its first argument, with the JSON in the second one as a POST, and
 * prints the answer, or exits 1 with why there is none.
 */
import { ask } from './http.ts';

const [url = '', body] = process.argv.slice(2);
const { PDP_API_KEY: key } = process.env;
try {
  const options = {
    timeout: 3_000,
    ...(key === undefined ? {} : { key }),
    ...(body === undefined ? {} : { body: JSON.parse(body) as unknown }),
  };
  console.log(JSON.stringify(await ask(url, options)));
} catch (error) {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  console.log(cause instanceof Error && 'code' in cause ? cause.code : String(cause));
  // Not by itself: fetch goes on connecting after it was aborted.
  process.exit(1);
}
