import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { buildPackage } from '../../scripts/build.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAMS = join(import.meta.dirname, 'programs');
const MODULES = join(ROOT, 'node_modules');

const run = promisify(execFile);

/** The parts of a package.json that are read here. */
export interface Manifest {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  bin: Record<string, string>;
  exports: Record<string, unknown>;
}

/** The package as `npm pack` makes it. */
export interface Packed {
  tarball: string;
  /** Paths in it. */
  files: { path: string; mode: number }[];
}

/** Builds and packs in a directory of its own: the checkout's `dist/` may be somebody's. */
export async function pack(directory: string): Promise<Packed> {
  const stage = join(directory, 'stage');
  await mkdir(stage);
  for (const file of ['package.json', 'README.md', 'LICENSE']) {
    await copyFile(join(ROOT, file), join(stage, file));
  }
  await buildPackage(join(stage, 'dist'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: stage });
  const listing: unknown = JSON.parse(stdout);
  // npm 11 answers with an array, later ones with a record by name.
  const [packed] = Object.values(listing as Record<string, { filename: string; files: Packed['files'] }>);
  if (packed === undefined) throw new Error(`npm pack told nothing: ${stdout}`);
  return { tarball: join(stage, packed.filename), files: packed.files };
}

/** A project of somebody else, outside the checkout, with the package installed. */
export class Project {
  readonly directory: string;
  readonly manifest: Manifest;

  private constructor(directory: string, manifest: Manifest) {
    this.directory = directory;
    this.manifest = manifest;
  }

  /**
   * Installs as npm would, with no registry: the tarball's files, and links to the checkout's copies of what its
   * package.json names as dependencies. What it does not name is not there.
   */
  static async create(directory: string, tarball: string): Promise<Project> {
    const home = join(directory, 'node_modules/serverless-pdp');
    await mkdir(home, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
    const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as Manifest;
    const commands = join(directory, 'node_modules/.bin');
    await mkdir(commands);
    for (const [name, path] of Object.entries(manifest.bin)) {
      await symlink(join('../serverless-pdp', path), join(commands, name));
    }
    await writeFile(
      join(directory, 'package.json'),
      '{ "name": "app", "private": true, "type": "module" }\n',
    );
    await writeFile(join(directory, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }\n');
    await cp(PROGRAMS, directory, { recursive: true });
    const project = new Project(directory, manifest);
    await project.install(Object.keys(manifest.dependencies));
    return project;
  }

  /** Installs what the project itself depends on. */
  async install(names: string[]): Promise<void> {
    for (const name of names) {
      const link = join(this.directory, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(MODULES, name), link);
    }
  }

  /** Runs one of the programs, which prints JSON. */
  async run(program: string, args: string[] = []): Promise<unknown> {
    return JSON.parse(await this.#exec(process.execPath, [program, ...args]));
  }

  /** Runs the package's command, by its own first line. */
  pdp(...args: string[]): Promise<string> {
    return this.#exec(join(this.directory, 'node_modules/.bin/pdp'), args);
  }

  /** Starts the package's server on a free port. */
  async serve(source: string, apiKey: string): Promise<{ url: string; stop(): Promise<void> }> {
    const server = spawn(
      join(this.directory, 'node_modules/.bin/pdp'),
      ['serve', source, '--port', '0', '--opa-port', 'off', '--drain-seconds', '0'],
      { env: { ...environment(), PDP_API_KEY: apiKey }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(server, 'exit');
    const stop = async () => {
      server.kill('SIGTERM');
      await ended;
    };
    let url: string | undefined;
    for await (const line of createInterface({ input: server.stdout })) {
      const record = JSON.parse(line) as { msg: string; url?: string };
      if (record.msg === 'listening') url = record.url;
      if (record.msg === 'revision active') break;
    }
    server.stdout.resume();
    if (url === undefined) throw new Error('the server ended before it listened');
    return { url, stop };
  }

  /** Type-checks files of the project as its own `tsc` would; answers with what is wrong in them and the package. */
  async typeCheck(files: string[]): Promise<string[]> {
    const compilerOptions = {
      target: 'es2024',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    await writeFile(join(this.directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = [join(MODULES, 'typescript/bin/tsc'), '--pretty', 'false'];
    const lines = await this.#exec(process.execPath, tsc).then(
      () => [],
      (error: Error) => error.message.trim().split('\n'),
    );
    // Other packages are links out of the project. Middy's types name a package that is its own option.
    return lines.filter((line) => !line.startsWith('../'));
  }

  async #exec(file: string, args: string[]): Promise<string> {
    try {
      const { stdout } = await run(file, args, { cwd: this.directory, env: environment() });
      return stdout;
    } catch (error) {
      const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
      throw new Error(`${stdout ?? ''}${stderr ?? ''}` || message);
    }
  }
}

/** Nothing of this kit's in the environment, and this Node first, for commands that start with `env node`. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(PDP_|NODE_)/.test(name));
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return { ...Object.fromEntries(own), PATH: path };
}
