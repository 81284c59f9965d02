import { type App, type Environment, type Stack, Tags } from 'aws-cdk-lib';
import { PdpImage } from '../pdp-image.ts';
import { imageContextDirectory, sampleAppContext, samplePolicies } from '../private/package-files.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { NetworkStack } from './network-stack.ts';
import { NotesServiceStack } from './notes-service-stack.ts';
import { NotesStack } from './notes-stack.ts';
import { PdpStack } from './pdp-stack.ts';
import { PoliciesStack } from './policies-stack.ts';
import type { SampleSettings } from './settings.ts';

/** Where the images are built from. */
export interface SampleImages {
  /** The build context of the PDP's image. */
  readonly pdp?: string;
  /** The build context of the application's image, for the placement `sidecar`. */
  readonly app?: string;
}

/**
 * The stacks of a placement, in the order in which they are deployed: the store of policies if there is one, the
 * network, the PDP and the application, each by itself where it is a part of its own. Their names begin with the placement, so that placements can be deployed
 * side by side.
 *
 * @throws SynthesisError when the settings do not hold, or the policies cannot be built
 */
export function addSample(app: App, settings: SampleSettings, images: SampleImages = {}): Stack[] {
  const stacks = makeStacks(app, settings, images);
  for (const stack of stacks) {
    Tags.of(stack).add('application', 'serverless-pdp');
    Tags.of(stack).add('placement', settings.placement);
  }
  return stacks;
}

function makeStacks(app: App, settings: SampleSettings, images: SampleImages): Stack[] {
  const { placement, tokens, vpcId, remote } = settings;
  const name = (part: string) => `${placement.charAt(0).toUpperCase()}${placement.slice(1)}${part}`;
  const environment = environmentFor(vpcId);
  const notes = { ...environment, ...(tokens === undefined ? {} : { tokens }) };
  const policies =
    settings.store === undefined
      ? undefined
      : new PoliciesStack(app, name('Policies'), { ...environment, settings: settings.store });
  const first = policies === undefined ? [] : [policies];
  const store = policies?.store;
  if (placement === 'embedded') {
    const refresh = store === undefined ? {} : { refreshFrom: store };
    return [...first, new NotesStack(app, name('Notes'), { ...notes, ...refresh })];
  }
  if (placement === 'remote') {
    return [
      new NotesStack(app, name('Notes'), { ...notes, ...(remote === undefined ? {} : { pdp: remote }) }),
    ];
  }
  const image = PdpImage.fromPolicies(store ?? samplePolicies, images.pdp ?? imageContextDirectory);
  // A gate asks for the tasks of a PDP that is a service of its own, with the policies in its image.
  const ecsEndpoint = placement !== 'sidecar' && store === undefined;
  const network = vpcId ?? new NetworkStack(app, name('Network'), { ecsEndpoint });
  const before = typeof network === 'string' ? first : [...first, network];
  if (placement === 'sidecar') {
    if (store !== undefined && typeof network !== 'string') network.endpoints.connectStore(store);
    const appContext = images.app ?? sampleAppContext;
    return [...before, new NotesServiceStack(app, name('Notes'), { ...notes, network, image, appContext })];
  }
  const decisions = new PdpStack(app, name('Pdp'), { ...environment, network, settings, image });
  return [...before, decisions, new NotesStack(app, name('Notes'), { ...notes, pdp: decisions.pdp })];
}

/** A VPC can only be looked up in an account and a region that are known. */
function environmentFor(vpcId: string | undefined): { env?: Environment } {
  if (vpcId === undefined) return {};
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  if (account !== undefined && region !== undefined) return { env: { account, region } };
  throw new SynthesisError(
    'vpcId: looking a VPC up takes its account and region; sign in, for example with AWS_PROFILE and AWS_REGION',
  );
}
