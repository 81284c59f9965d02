import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { blocks, compile } from './snippets.ts';

const DOCS = resolve(import.meta.dirname, '../docs');
const pages = (await readdir(DOCS)).filter((name) => name.endsWith('.md'));

/** Statements without their surroundings stand in a construct, where there is a VPC. */
function asModule(code: string): string {
  if (/^(import|export) /m.test(code)) return code;
  const constructs = new Set([...code.matchAll(/\bnew (\w+)\(/g)].map(([, name]) => name));
  return `
    import type { IVpc } from 'aws-cdk-lib/aws-ec2';
    import type { Construct } from 'constructs';
    import { ${[...constructs].join(', ')} } from 'serverless-pdp';
    export function make(this: Construct, vpc: IVpc) { ${code} }
  `;
}

it('shows code that compiles', async () => {
  const texts = await Promise.all(pages.map((name) => readFile(join(DOCS, name), 'utf8')));
  const examples = texts.flatMap((text) => blocks(text, 'ts'));
  expect(examples.length).toBeGreaterThan(0);
  expect(await compile(examples.map(asModule))).toBe('');
});
