// One cold start, as the function of its own process: the first call, then its status on standard output.
import { pdpFromEnvironment } from '../../lambda/middleware/index.ts';
import { authorized, call } from './function.ts';

await call(authorized(pdpFromEnvironment()));
process.stdout.write('200');
process.exit();
