import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { EmbeddedPdp } from '../embedded-pdp.ts';
import type { IPdp } from '../pdp.ts';
import type { IPolicyStore } from '../policy-store.ts';
import { acknowledge } from '../private/acknowledge.ts';
import { kitModule, samplePolicies } from '../private/package-files.ts';
import { ProtectedFunction } from '../protected-function.ts';
import { RemotePdp } from '../remote-pdp.ts';
import { type TokenIssuer, userPoolIssuer } from './identity.ts';
import { NotesApi } from './notes-api.ts';
import { NOTES_ROUTES } from './notes-routes.ts';
import type { RemoteSettings } from './settings.ts';

export interface NotesStackProps extends StackProps {
  /**
   * The PDP that the handlers ask: one of another stack, or one that someone else hosts.
   *
   * @default - one inside the functions
   */
  readonly pdp?: IPdp | RemoteSettings;
  /**
   * The store that the PDP inside the functions follows.
   *
   * @default - a change of the policies is a deployment
   */
  readonly refreshFrom?: IPolicyStore;
  /**
   * Who signs the tokens that the API accepts.
   *
   * @default - a Cognito user pool of the stack
   */
  readonly tokens?: TokenIssuer;
  /**
   * What becomes of logs and of the user pool when the stack is deleted. The sample leaves nothing behind; what
   * people depend on passes `RemovalPolicy.RETAIN`.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}

const SYNCHRONOUS = 'API Gateway waits for the answer: there is no event to keep for later.';

/** Of the handlers of the API. */
const FUNCTION_FINDINGS = {
  'NIST.800.53.R5-LambdaConcurrency':
    'The rate limit of the API bounds it; reserved concurrency would be taken from the account.',
  'NIST.800.53.R5-LambdaDLQ': SYNCHRONOUS,
  'Serverless-LambdaDLQ': SYNCHRONOUS,
  'Serverless-LambdaTracing': 'Sending traces takes a permission for all resources.',
  'NIST.800.53.R5-LambdaInsideVPC':
    'In the VPC of the PDP where it has one; otherwise there is nothing private that the function would reach.',
};

/** The sample application: notes for many tenants, each request decided by the PDP. */
export class NotesStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { pdp: asked, refreshFrom, tokens, removalPolicy, ...props }: NotesStackProps,
  ) {
    super(scope, id, { description: 'Notes for many tenants, with a policy decision point', ...props });
    const removal = removalPolicy ?? RemovalPolicy.DESTROY;
    const pdp = this.#pdp(asked, refreshFrom);
    const api = new NotesApi(this, 'Notes', {
      tokens: tokens ?? userPoolIssuer(this, removal),
      removalPolicy: removal,
    });
    for (const { id, handler, description, method, path } of NOTES_ROUTES) {
      const fn = new ProtectedFunction(this, id, {
        pdp,
        entry: kitModule(handler),
        description,
        logRemovalPolicy: removal,
      });
      acknowledge(fn, FUNCTION_FINDINGS);
      api.addRoute(method, path, new HttpLambdaIntegration(`${id}Integration`, fn));
    }
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'The notes API' });
  }

  #pdp(asked: IPdp | RemoteSettings | undefined, refreshFrom: IPolicyStore | undefined): IPdp {
    if (asked === undefined) {
      // In the stack of its functions: a new layer must be an update of theirs.
      return new EmbeddedPdp(this, 'Pdp', {
        policies: samplePolicies,
        ...(refreshFrom === undefined ? {} : { refreshFrom }),
      });
    }
    if (!('url' in asked)) return asked;
    const apiKey = Secret.fromSecretNameV2(this, 'PdpKey', asked.apiKeySecret);
    return new RemotePdp(this, 'Pdp', { url: asked.url, apiKey });
  }
}
