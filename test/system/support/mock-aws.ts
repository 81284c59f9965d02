import { fileURLToPath } from 'node:url';
import { start } from './processes.ts';
import { pythonProgram } from './python.ts';

/** Where the module `mock_aws` is. */
const modules = fileURLToPath(new URL('python', import.meta.url));

export interface MockAws {
  /** What AWS clients and the `cdk` tool are to find in their environment. */
  readonly env: Record<string, string>;
  /** The server's log so far. */
  readonly lines: readonly string[];
}

/**
 * A mock of AWS on a free port of the loopback interface, with nothing in it: moto's server, and what its
 * CloudFormation lacks of the kit's templates. Custom resources are recorded and never run.
 */
export async function startMockAws(defer: (undo: () => unknown) => void): Promise<MockAws> {
  const python = await pythonProgram('python');
  const running = start(python, ['-u', '-m', 'mock_aws', '--host', '127.0.0.1', '--port', '0'], {
    PYTHONPATH: modules,
  });
  defer(() => running.stop());
  const line = await running.line((text) => text.includes('Running on http://'));
  const port = /:(\d+)/.exec(line.slice(line.indexOf('http://')))?.[1];
  if (port === undefined) throw new Error(`the mock of AWS says no port: ${line}`);
  const env = {
    AWS_ENDPOINT_URL: `http://localhost:${port}`,
    // An address, so that the client puts the bucket's name in the path and not in the host's name.
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'mock',
    AWS_SECRET_ACCESS_KEY: 'mock',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    // No profile of the person who runs the tests.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  return { env, lines: running.lines };
}
