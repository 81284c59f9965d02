import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { type IOidcProvider, OidcProviderNative, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { IPolicyStore } from './policy-store.ts';
import { acknowledge, INLINE_POLICY } from './private/acknowledge.ts';
import { checkedBranch, checkedFolder, checkedRepository } from './private/git-names.ts';
import { publishWorkflow } from './private/publish-workflow.ts';
import { SynthesisError } from './synthesis-error.ts';

/** Who signs the tokens of GitHub Actions. */
const ISSUER = 'token.actions.githubusercontent.com';

export interface GitHubPolicyPublisherProps {
  /** The store that is published to. Of a store that is made in this app, in the same stack. */
  readonly store: IPolicyStore;
  /** The repository of the policies on github.com: `OWNER/REPOSITORY`. */
  readonly repository: string;
  /**
   * The numbers of the owner and of the repository, which GitHub puts into the tokens of repositories that were made,
   * renamed or moved since 15 July 2026, and of those that ask for it: `gh api repos/OWNER/REPOSITORY --jq
   * '.owner.id, .id'`. Whoever gets a name that was given up is not trusted then.
   *
   * @default - the repository is an older one, whose tokens have its name alone
   * @see https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
   */
  readonly ids?: { readonly owner: number; readonly repository: number };
  /**
   * The branch from which is published. Protect it: whoever pushes to it decides who may what.
   *
   * @default 'main'
   */
  readonly branch?: string;
  /**
   * The folder of the policies in the repository.
   *
   * @default '.'
   */
  readonly directory?: string;
  /**
   * The account's OIDC provider for `token.actions.githubusercontent.com`. An account can have one only:
   * `OidcProviderNative.fromOidcProviderArn(…)`.
   *
   * @default - a new one
   */
  readonly provider?: IOidcProvider;
}

/**
 * Lets GitHub Actions publish policies: a role that pushes to one branch of one repository may take on for an hour,
 * without a secret, and that may publish to one store. A pull request, a fork, a tag or another branch may not.
 * {@link GitHubPolicyPublisher.workflow} is the workflow to commit.
 *
 * @example
 * const store = new PolicyStore(this, 'Store', { policies: 'policies' });
 * const publisher = new GitHubPolicyPublisher(this, 'Publisher', { store, repository: 'acme/policies' });
 */
export class GitHubPolicyPublisher extends Construct {
  /** The role that the workflow takes on. */
  readonly role: Role;
  /** The text of `.github/workflows/publish-policies.yml`. It has no value of the account in it. */
  readonly workflow: string;

  /** @throws SynthesisError when a name or a number is wrong, or the store cannot be published to from this stack */
  constructor(scope: Construct, id: string, props: GitHubPolicyPublisherProps) {
    super(scope, id);
    const { store } = props;
    const branch = checkedBranch(props.branch ?? 'main');
    this.role = new Role(this, 'Role', {
      description: `Publishes policies from ${branch} of ${props.repository}`,
      assumedBy: new WebIdentityPrincipal(this.#provider(props.provider).oidcProviderArn, {
        StringEquals: {
          [`${ISSUER}:aud`]: 'sts.amazonaws.com',
          [`${ISSUER}:sub`]: `repo:${subjectOf(props)}:ref:refs/heads/${branch}`,
        },
      }),
      maxSessionDuration: Duration.hours(1),
    });
    acknowledge(this.role, INLINE_POLICY);
    store.grantPublish(this.role);
    this.workflow = publishWorkflow({
      branch,
      directory: checkedFolder(props.directory ?? '.'),
      signs: store.signingKey !== undefined,
    });
    this.#output('PDP_PUBLISHER_ROLE', this.role.roleArn);
    this.#output('PDP_POLICY_STORE', store.address);
    this.#output('AWS_REGION', Stack.of(this).region);
    if (store.signingKey !== undefined) this.#output('PDP_SIGN_KEY', store.signingKey.keyArn);
  }

  #provider(asked: IOidcProvider | undefined): IOidcProvider {
    if (asked !== undefined) return asked;
    return new OidcProviderNative(this, 'Provider', {
      url: `https://${ISSUER}`,
      clientIds: ['sts.amazonaws.com'],
    });
  }

  #output(variable: string, value: string): void {
    new CfnOutput(this, variable.replaceAll('_', ''), {
      value,
      description: `${variable}, a variable of the repository`,
    });
  }
}

/** The repository, as the subject of a token names it. */
function subjectOf({ repository, ids }: GitHubPolicyPublisherProps): string {
  const [owner, name, ...more] = checkedRepository(repository).split('/');
  if (more.length > 0) {
    throw new SynthesisError(
      `repository: "${repository}" has more than an owner and a name, as GitHub has none`,
    );
  }
  if (ids === undefined) return repository;
  for (const [field, value] of Object.entries(ids)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new SynthesisError(
        `ids.${field}: ${value} is no number of GitHub; use \`gh api repos/${repository} --jq '.owner.id, .id'\``,
      );
    }
  }
  return `${owner}@${ids.owner}/${name}@${ids.repository}`;
}
