import { vi } from 'vitest';
import { archiveOf, type PackedFiles } from '../../published.ts';
import { startBundleServer } from '../support/bundle-server.ts';
import { whenDone } from '../support/bundles.ts';
import type { CommitFiles } from '../support/git-repository.ts';
import { GitServer } from '../support/git-server.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';

export const KINDS = ['https', 's3', 'git'] as const;
export type Kind = (typeof KINDS)[number];

/** A real server of one kind of source, with what can be wrong with it. */
export interface Origin {
  readonly address: string;
  /** What a process finds it by, besides the address. */
  readonly env: Record<string, string>;
  /** The store, if it is one. */
  readonly store?: S3Server;
  put(content: PackedFiles): Promise<void>;
  /** Puts bytes in the place of an archive. */
  putBytes(bytes: Uint8Array): Promise<void>;
  down(): Promise<void>;
  up(): Promise<void>;
  /** Has answers broken off in their middle from now on, or not any more. */
  cut(on: boolean): void;
  /** Has a byte of answers changed from now on, or not any more. */
  damage(on: boolean): void;
  /** Lets nobody read it from now on, or those who may. */
  lock(on: boolean): void;
}

/** Starts one; it is stopped when the test is done. */
export function startOrigin(kind: Kind): Promise<Origin> {
  return STARTS[kind]();
}

const STARTS: Record<Kind, () => Promise<Origin>> = {
  https: async () => {
    const server = await startBundleServer();
    whenDone(() => server.close());
    const putBytes = async (bytes: Uint8Array) => server.publish(bytes);
    return {
      address: server.url,
      env: {},
      put: async (content) => putBytes(await archiveOf(content)),
      putBytes,
      down: async () => server.down(),
      up: async () => server.up(),
      cut: (on) => {
        server.fault = on ? 'truncated' : undefined;
      },
      damage: (on) => {
        server.fault = on ? 'corrupt' : undefined;
      },
      lock: (on) => {
        server.fault = on ? 'error' : undefined;
      },
    };
  },
  s3: async () => {
    const server = await startS3Server();
    whenDone(() => server.close());
    for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
    const putBytes = async (bytes: Uint8Array) => void server.put('policies', 'bundle.tar.gz', bytes);
    return {
      address: 's3://policies/bundle.tar.gz',
      env: server.env,
      store: server,
      put: async (content) => putBytes(await archiveOf(content)),
      putBytes,
      down: async () => server.down(),
      up: async () => server.up(),
      cut: (on) => {
        server.fault = on ? 'truncated' : undefined;
      },
      damage: (on) => {
        server.fault = on ? 'corrupt' : undefined;
      },
      lock: (on) => (on ? server.refuse('GetObject', 403) : server.refuse('GetObject')),
    };
  },
  git: async () => {
    const server = await GitServer.start();
    const repository = await server.repository();
    let isDown = false;
    const commit = async (files: CommitFiles) => void (await repository.commit(files));
    return {
      address: server.address(),
      env: {},
      put: (content) => commit(Object.fromEntries(content)),
      putBytes: () => Promise.reject(new Error('a commit is no archive')),
      down: async () => {
        isDown = true;
        await server.stop();
      },
      up: async () => {
        if (isDown) await server.resume();
        isDown = false;
      },
      cut: (on) => {
        server.intercept = (request, response) => {
          if (!on || request.method !== 'POST') return false;
          response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
          response.write('0008NAK\n', () => response.destroy());
          return true;
        };
      },
      damage: () => {},
      lock: (on) => {
        server.intercept = (_request, response) => {
          if (on) response.writeHead(403).end();
          return on;
        };
      },
    };
  },
};
