import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the rest of the scene is. */
export interface Places {
  port: number;
  pdpPort: number;
  applicationPort: number;
  /** Of the PDP. */
  key: string;
  passwords: Record<string, string>;
}

/** Writes the configuration of the docs, with other ports and folders, and what it names. */
export async function configure(
  directory: string,
  { port, pdpPort, applicationPort, key, passwords }: Places,
): Promise<void> {
  const docs = await readFile(new URL('../../../docs/proxies.md', import.meta.url), 'utf8');
  const block = /<!-- nginx\.conf: run by test\/system\/nginx\.ts -->\n```nginx\n(.*?)```/s.exec(docs)?.[1];
  assert.ok(block !== undefined, 'docs/proxies.md has no nginx.conf');
  const replaced = [
    ['127.0.0.1:7000', `127.0.0.1:${pdpPort}`],
    ['127.0.0.1:3000', `127.0.0.1:${applicationPort}`],
    ['listen 8080;', `listen 127.0.0.1:${port};`],
    ['/etc/nginx/users', join(directory, 'users')],
    ['/etc/nginx/pdp-key.conf', join(directory, 'pdp-key.conf')],
  ].reduce((text, [from, to]) => {
    const [before, after, ...more] = text.split(from as string);
    assert.ok(after !== undefined && more.length === 0, `the configuration must have ${from} once`);
    return `${before}${to}${after}`;
  }, block);
  await writeFile(join(directory, 'nginx.conf'), replaced);
  const users = Object.entries(passwords).map(([user, password]) => `${user}:{PLAIN}${password}\n`);
  await writeFile(join(directory, 'users'), users.join(''), { mode: 0o644 });
  const line = `proxy_set_header X-PDP-Key "${key}";\n`;
  await writeFile(join(directory, 'pdp-key.conf'), line, { mode: 0o600 });
}
