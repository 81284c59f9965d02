import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

type Fields = Record<string, unknown>;

interface Version {
  text: string;
  labels: Set<string>;
  /** Milliseconds. */
  created: number;
}

interface Deployment {
  status: string;
  /** Seconds. */
  createdAt: number;
  rolloutState: string;
}

class ApiError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * A fake of what the function asks of AWS, on loopback for the real SDK clients: secrets with versions and labels as
 * Secrets Manager has them, one ECS service with its deployments, and the URL where CloudFormation waits.
 */
export class FakeAws {
  /** The clock of AWS, in milliseconds. */
  now = Date.now();
  readonly secrets = new Map<string, Map<string, Version>>();
  readonly services = new Map<string, Deployment[]>();
  /** Names of the calls received, in order. */
  readonly calls: string[] = [];
  /** What CloudFormation was answered. */
  readonly answers: Fields[] = [];
  /** Headers of the last answer to CloudFormation. */
  answerHeaders: IncomingMessage['headers'] = {};
  /** Called before a call is dealt with: an error thrown is its answer. */
  before: (call: string, input: Fields) => void = () => {};
  #url = '';

  /** Starts one that ends with the test. */
  static async start(): Promise<FakeAws> {
    const fake = new FakeAws();
    const server = createServer((request, response) => void fake.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    fake.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  get url(): string {
    return this.#url;
  }

  /** A secret without a value. */
  createSecret(name: string): string {
    this.secrets.set(name, new Map());
    return name;
  }

  /** The current value. */
  valueOf(name: string): string | undefined {
    return this.#labelled(name, 'AWSCURRENT')?.[1].text;
  }

  /** Lines of every private key that was ever stored, in whatever encoding of line ends. */
  keyLines(): string[] {
    const texts = [...this.secrets.values()].flatMap((versions) =>
      [...versions.values()].map(({ text }) => text),
    );
    return texts.flatMap((text) =>
      [...text.matchAll(/BEGIN PRIVATE KEY-----([^-]+)-----END/g)].flatMap(([, body = '']) =>
        body.split(/\\n|\n/).filter((line) => line.length > 20),
      ),
    );
  }

  /** The deployments of a service as they would be when all is well: one, made now, complete. */
  runService(name: string): void {
    this.services.set(name, [{ status: 'PRIMARY', createdAt: this.now / 1000, rolloutState: 'COMPLETED' }]);
  }

  /** Brings the service's newest deployment to its end. */
  complete(name: string): void {
    const [primary] = this.services.get(name) ?? [];
    if (primary !== undefined) this.services.set(name, [{ ...primary, rolloutState: 'COMPLETED' }]);
  }

  /** Stores a value as someone else would. */
  store(name: string, value: string): void {
    this.#put({ SecretId: name, SecretString: value, ClientRequestToken: randomUUID() });
  }

  static error(name: string, message = 'as the test wants it'): Error {
    return new ApiError(name, message);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    if (request.url === '/cloudformation') {
      this.answers.push(JSON.parse(body));
      this.answerHeaders = request.headers;
      response.end();
      return;
    }
    const call = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    this.calls.push(call);
    let status = 200;
    let output: unknown;
    try {
      const input: Fields = JSON.parse(body);
      this.before(call, input);
      output = this.#call(call, input);
    } catch (error) {
      status = 400;
      output = { __type: (error as Error).name, message: (error as Error).message };
    }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(output));
  }

  #call(call: string, input: Fields): unknown {
    switch (call) {
      case 'GetSecretValue':
        return this.#get(input);
      case 'PutSecretValue':
        return this.#put(input);
      case 'UpdateSecretVersionStage':
        return this.#move(input);
      case 'DescribeServices':
        return this.#describe(input);
      case 'UpdateService':
        return this.#update(input);
      default:
        throw new ApiError('UnknownOperationException', call);
    }
  }

  #get(input: Fields) {
    const found = this.#labelled(String(input.SecretId), 'AWSCURRENT');
    if (found === undefined) {
      throw new ApiError('ResourceNotFoundException', "can't find the value for staging label: AWSCURRENT");
    }
    const [VersionId, { text: SecretString, created, labels }] = found;
    return {
      ARN: input.SecretId,
      VersionId,
      SecretString,
      CreatedDate: created / 1000,
      VersionStages: [...labels],
    };
  }

  #put(input: Fields) {
    const name = String(input.SecretId);
    const versions = this.#versions(name);
    const id = String(input.ClientRequestToken);
    const first = versions.size === 0;
    if (!versions.has(id)) {
      versions.set(id, { text: String(input.SecretString), labels: new Set(), created: this.now });
    }
    const stages = (input.VersionStages as string[] | undefined) ?? ['AWSCURRENT'];
    for (const label of first ? [...stages, 'AWSCURRENT'] : stages) this.#label(name, label, id);
    return { ARN: name, VersionId: id, VersionStages: [...(versions.get(id)?.labels ?? [])] };
  }

  /** @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html */
  #move(input: Fields) {
    const name = String(input.SecretId);
    const label = String(input.VersionStage);
    const holder = this.#labelled(name, label)?.[0];
    if (holder !== input.RemoveFromVersionId) {
      throw new ApiError('InvalidParameterException', `the label is attached to the version ${holder}`);
    }
    this.#label(name, label, String(input.MoveToVersionId));
    return { ARN: name };
  }

  #describe(input: Fields) {
    const [name] = input.services as [string];
    const deployments = this.services.get(name);
    if (deployments === undefined) return { services: [], failures: [{ arn: name, reason: 'MISSING' }] };
    return { services: [{ serviceArn: name, deployments }], failures: [] };
  }

  #update(input: Fields) {
    const name = String(input.service);
    if (input.forceNewDeployment !== true) throw new ApiError('InvalidParameterException', 'nothing to do');
    const old = (this.services.get(name) ?? []).map((deployment) => ({ ...deployment, status: 'ACTIVE' }));
    const primary = { status: 'PRIMARY', createdAt: this.now / 1000, rolloutState: 'IN_PROGRESS' };
    this.services.set(name, [primary, ...old]);
    return { service: { serviceArn: name } };
  }

  #label(name: string, label: string, id: string): void {
    const versions = this.#versions(name);
    for (const version of versions.values()) {
      if (version.labels.delete(label) && label === 'AWSCURRENT') {
        for (const other of versions.values()) other.labels.delete('AWSPREVIOUS');
        version.labels.add('AWSPREVIOUS');
      }
    }
    versions.get(id)?.labels.add(label);
  }

  #labelled(name: string, label: string): [string, Version] | undefined {
    return [...this.#versions(name)].find(([, { labels }]) => labels.has(label));
  }

  #versions(name: string): Map<string, Version> {
    const versions = this.secrets.get(name);
    if (versions === undefined)
      throw new ApiError('ResourceNotFoundException', "can't find the specified secret");
    return versions;
  }
}
