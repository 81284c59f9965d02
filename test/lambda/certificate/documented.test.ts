import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SETTLING_DAYS } from '../../../lambda/certificate/authority.ts';
import { AUTHORITY_DAYS, SERVER_DAYS } from '../../../lambda/certificate/issue.ts';
import { ROTATE_BEFORE_DAYS } from '../../../lambda/certificate/keeper.ts';
import { RENEW_BEFORE_DAYS } from '../../../lambda/certificate/server-certificate.ts';

const text = readFileSync('docs/tls.md', 'utf8');

test('docs/tls.md has the days as they are', () => {
  const days = [...text.matchAll(/^\| .* \| ([\d,]+) \|$/gm)].map(([, count = '']) =>
    Number(count.replace(',', '')),
  );
  expect(days).toEqual([AUTHORITY_DAYS, ROTATE_BEFORE_DAYS, SERVER_DAYS, RENEW_BEFORE_DAYS, SETTLING_DAYS]);
});

test('docs/tls.md quotes the line that the log has', () => {
  const source = readFileSync('lambda/certificate/keeper.ts', 'utf8');
  const quoted = /when the log says `([^`]+)`/.exec(text)?.[1];
  expect(quoted).toBeDefined();
  expect(source).toContain(quoted);
});
