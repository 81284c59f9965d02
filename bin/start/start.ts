import { print } from '../terminal/output.ts';
import { Child, type Message } from './child.ts';
import { narrate } from './narrate.ts';
import { HOST, requireFreePorts, type StartSettings } from './settings.ts';
import { summary } from './summary.ts';

/**
 * Runs the PDP and the sample application, each in a process of its own, until one of them ends or `stop` is
 * settled; then stops what still runs.
 *
 * @returns the exit status: 0 when told to stop, 1 when a process ended by itself
 * @throws StartError when a port is in use
 */
export async function start(settings: StartSettings, stop: Promise<unknown>): Promise<number> {
  await requireFreePorts(settings);
  const children: Child[] = [];
  const launch = (options: ConstructorParameters<typeof Child>[0]) => {
    const child = new Child(options);
    children.push(child);
    return child;
  };
  const told = stop.then(() => new Told());
  const work = async (): Promise<string | undefined> => {
    const pdp = launchPdp(settings, launch);
    // Being told to stop comes first, so that nothing is launched after it.
    const ends: Promise<Told | Ended>[] = [told, ended(pdp.child)];
    const urls = await Promise.race([...ends, pdp.urls]);
    if ('message' in urls) return urls.message;
    const { pdpUrl, opaUrl } = urls;
    const app = launchApplication(settings, pdpUrl, launch);
    ends.push(ended(app.child));
    const ready = await Promise.race([...ends, Promise.all([app.url, pdp.loaded])]);
    if (!Array.isArray(ready)) return ready.message;
    const [appUrl] = ready;
    print(summary({ pdpUrl, opaUrl, appUrl, source: settings.source }));
    return (await Promise.race(ends)).message;
  };
  const reason = await work();
  // The application first: while it still answers, it has a PDP to ask.
  for (const child of children.toReversed()) await child.stop();
  if (reason === undefined) return 0;
  process.stderr.write(`${reason}\n`);
  return 1;
}

/** The one who started it wants it to stop. */
class Told {
  readonly message = undefined;
}

/** A process ended by itself. */
class Ended {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

async function ended({ name, ended: how }: Child): Promise<Ended> {
  return new Ended(`${name} ended (${await how}), so everything is stopped`);
}

type Launch = (options: ConstructorParameters<typeof Child>[0]) => Child;

/** Permit's words in the sample's types, so that its SDK can ask about the sample. */
const SAMPLE_TYPES = [
  ['--permit-user-type', 'User'],
  ['--permit-tenant-type', 'Tenant'],
  ['--permit-role-type', 'Role'],
].flat();

function launchPdp({ source, pdpPort, opaPort }: StartSettings, launch: Launch) {
  const urls = Promise.withResolvers<{ pdpUrl: string; opaUrl: string | undefined }>();
  const loaded = Promise.withResolvers<void>();
  const ports = ['--port', String(pdpPort), '--opa-port', String(opaPort)];
  const child = launch({
    name: 'The PDP',
    args: ['bin/pdp.ts', 'serve', source, '--host', HOST, ...ports, ...SAMPLE_TYPES],
    env: {},
    onMessage: (message) => {
      for (const line of narrate(message, source)) print(line);
      if (message.msg === 'listening') {
        const { opaUrl } = message;
        urls.resolve({ pdpUrl: urlOf(message), opaUrl: typeof opaUrl === 'string' ? opaUrl : undefined });
      }
      // A source that is not valid is told above; it can be mended while everything runs.
      if (message.msg === 'revision active' || message.msg === 'reload failed') loaded.resolve();
    },
    onLine: relay,
  });
  return { child, urls: urls.promise, loaded: loaded.promise };
}

function launchApplication({ appPort }: StartSettings, pdpUrl: string, launch: Launch) {
  const url = Promise.withResolvers<string>();
  const child = launch({
    name: 'The application',
    args: ['lambda/sample/local/front.ts'],
    env: { PORT: String(appPort), PDP_URL: pdpUrl },
    onMessage: (message) => {
      if (message.msg === 'listening') url.resolve(urlOf(message));
    },
    onLine: relay,
  });
  return { child, url: url.promise };
}

function urlOf(message: Message): string {
  return String(message.url);
}

function relay(line: string): void {
  process.stderr.write(`${line}\n`);
}
