// The same without a decision.
import { call, plain } from './function.ts';

await call(plain());
process.stdout.write('200');
process.exit();
