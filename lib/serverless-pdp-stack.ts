import { CfnOutput, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EmbeddedPdp } from './embedded-pdp.ts';
import { FargatePdp } from './fargate-pdp.ts';
import { IsolatedNetwork } from './isolated-network.ts';
import type { IPdp } from './pdp.ts';
import { kitModule, samplePolicies } from './private/package-files.ts';
import { ProtectedFunction } from './protected-function.ts';
import { type TokenIssuer, userPoolIssuer } from './sample/identity.ts';
import { NotesApi } from './sample/notes-api.ts';
import { NOTES_ROUTES } from './sample/notes-routes.ts';

/** Where the PDP of the sample runs. */
export const PLACEMENTS = ['serverless', 'embedded'] as const;
export type Placement = (typeof PLACEMENTS)[number];

export interface ServerlessPdpStackProps extends StackProps {
  /**
   * Where the PDP runs: `serverless` on Fargate in the VPC of the functions, or `embedded` in the functions, which
   * then need no VPC. The handlers are the same.
   *
   * @default 'serverless'
   */
  readonly placement?: Placement;
  /**
   * Who signs the tokens that the API accepts.
   *
   * @default - a Cognito user pool of the stack
   */
  readonly tokens?: TokenIssuer;
  /**
   * The policies: a directory, or a `.tar.gz` that `pdp build` wrote.
   *
   * @default - the sample's
   */
  readonly policies?: string;
  /**
   * What becomes of logs and of the user pool when the stack is deleted. The sample leaves nothing behind; what
   * people depend on passes `RemovalPolicy.RETAIN`.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * The build context of the container image, without a bundle.
   *
   * @default - the kit's own
   */
  readonly imageContext?: string;
}

/** The sample application: notes for many tenants, each request decided by the PDP. */
export class ServerlessPdpStack extends Stack {
  readonly pdp: IPdp;

  /** @throws SynthesisError when the policies are missing or cannot be built */
  constructor(scope: Construct, id: string, props: ServerlessPdpStackProps = {}) {
    super(scope, id, { description: 'Notes for many tenants, with a policy decision point', ...props });
    const { placement = 'serverless', policies = samplePolicies, imageContext } = props;
    const { removalPolicy = RemovalPolicy.DESTROY } = props;
    Tags.of(this).add('application', 'serverless-pdp');
    Tags.of(this).add('placement', placement);

    let network: IsolatedNetwork | undefined;
    if (placement === 'embedded') {
      this.pdp = new EmbeddedPdp(this, 'Pdp', { policies });
    } else {
      network = new IsolatedNetwork(this, 'Network', { removalPolicy });
      const { vpc } = network;
      const pdp = new FargatePdp(this, 'Pdp', {
        vpc,
        policies,
        removalPolicy,
        ...(imageContext === undefined ? {} : { imageContext }),
      });
      network.connectPdp(pdp);
      this.pdp = pdp;
    }

    const tokens = props.tokens ?? userPoolIssuer(this, removalPolicy);
    const api = new NotesApi(this, 'Notes', { tokens, removalPolicy });
    for (const { id, handler, description, method, path } of NOTES_ROUTES) {
      const entry = kitModule(handler);
      const fn = new ProtectedFunction(this, id, {
        pdp: this.pdp,
        entry,
        description,
        logRemovalPolicy: removalPolicy,
      });
      network?.connectFunction(fn);
      api.addRoute(method, path, fn);
    }
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'The notes API' });
  }
}
