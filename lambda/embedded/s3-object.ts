import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { http, https } from '../client/node-http.ts';
import type { S3Address } from './s3-address.ts';

/** Milliseconds in which a connection must be made, and something come over it. */
const SILENCE_MS = 3_000;

/** An object as it was read. */
export interface S3Object {
  content: Uint8Array;
  /** Its ETag. */
  tag: string | undefined;
}

/**
 * Reads an object, unless it is the one that `tag` names. The SDK is the one that Lambda's Node runtimes bring along;
 * it is loaded only when this is called. Nothing is kept for the next time: a connection would be dead after a freeze.
 *
 * @param maxBytes of the object; of a larger one no more is read
 * @returns undefined when it is still that
 * @throws PdpUnavailableError with a message for people: no credentials, and no more of an answer than its status
 */
export async function readS3Object(
  { bucket, key }: S3Address,
  tag: string | undefined,
  maxBytes: number,
  signal: AbortSignal,
): Promise<S3Object | undefined> {
  try {
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({
      followRegionRedirects: true,
      maxAttempts: 2,
      requestHandler: {
        // For how many connections are open: one. Its timer would keep a process alive.
        socketAcquisitionWarningTimeout: 0,
        httpAgent: watched(new (http().Agent)()),
        httpsAgent: watched(new (https().Agent)()),
      },
    });
    try {
      const condition = tag === undefined ? {} : { IfNoneMatch: tag };
      const command = new GetObjectCommand({ Bucket: bucket, Key: key, ...condition });
      const read = async () => {
        const output = await client.send(command, { abortSignal: signal });
        return { content: await contentOf(output, maxBytes, signal), tag: output.ETag };
      };
      // The SDK tries again until an answer begins. One that ends in its midst is what a freeze leaves.
      return await read().catch((error: unknown) => {
        if (signal.aborted || error instanceof PdpUnavailableError || statusOf(error) !== undefined)
          throw error;
        return read();
      });
    } finally {
      client.destroy();
    }
  } catch (cause) {
    if (statusOf(cause) === 304) return undefined;
    signal.throwIfAborted();
    throw new PdpUnavailableError(`s3://${bucket}/${key} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

async function contentOf(
  { Body, ContentLength }: GetObjectCommandOutput,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const body = Body as (AsyncIterable<Uint8Array> & { destroy(error?: Error): void }) | undefined;
  if (body === undefined) throw new PdpUnavailableError('the answer has no content');
  const end = () => body.destroy(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let size = ContentLength ?? 0;
    if (size > maxBytes) throw tooLarge(maxBytes);
    size = 0;
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener('abort', end);
    body.destroy();
  }
}

function tooLarge(maxBytes: number): PdpUnavailableError {
  return new PdpUnavailableError(`it is larger than ${maxBytes} bytes`);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

function reasonOf(error: unknown): string {
  if (error instanceof PdpUnavailableError) return error.message;
  const { name, code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'the AWS SDK is not there: install @aws-sdk/client-s3';
  const status = statusOf(error);
  return `${code ?? name}${status === undefined ? '' : ` (${status})`}`;
}

/** Its connections end when they are silent, and keep no process alive: whoever waits for them has a timer. */
function watched<A extends Agent>(agent: A): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args) as Socket;
    const silent = () => socket.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' }));
    return socket.setTimeout(SILENCE_MS, silent).unref();
  };
  return agent;
}
