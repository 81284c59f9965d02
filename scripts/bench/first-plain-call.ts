// The same without a decision.
import { call, middyAlone } from './function.ts';

await call(middyAlone());
process.stdout.write('200');
process.exit();
