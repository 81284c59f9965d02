import { observe, traced } from 'serverless-pdp/observe';
import { FakePdp } from 'serverless-pdp/testing';

const lines = [];
const write = process.stdout.write;
process.stdout.write = (line) => lines.push(JSON.parse(line)) > 0;
const observer = observe({ metrics: { dimensions: { Service: 'notes' } } });
observer.onDecision({ decision: true, durationMs: 1.5, coldStart: true });
observer.flush();
process.stdout.write = write;

const fake = new FakePdp().permit({ action: 'view' });
const pdp = traced(fake);
const decisions = [];
for (const name of ['view', 'edit']) {
  const question = {
    subject: { type: 'User', id: 'alice' },
    action: { name },
    resource: { type: 'Note', id: 'one' },
  };
  decisions.push((await pdp.evaluate(question)).decision);
}
const told = lines.map(({ _aws, ...metrics }) => metrics);
console.log(JSON.stringify({ lines: told, decisions, asked: fake.asked.map(({ action }) => action.name) }));
