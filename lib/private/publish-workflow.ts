import { installCommand, pdp } from './publish-commands.ts';

/** By commit: a tag may be moved, and with it what runs with the credentials of the publisher. */
const ACTIONS = {
  checkout: 'actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2',
  node: 'actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0',
  credentials: 'aws-actions/configure-aws-credentials@b47578312673ae6fa5b5096b330d9fbac3d116df # v4.2.1',
} as const;

export interface WorkflowProps {
  readonly branch: string;
  /** The folder of the policies, `.` for the repository itself. */
  readonly directory: string;
  /** Whether bundles are signed with a key in KMS. */
  readonly signs: boolean;
}

/**
 * A workflow for GitHub Actions, `.github/workflows/publish-policies.yml`: a pull request is checked and shown what it
 * changes, without credentials; a push to the branch is published. It names no account: what it needs of one are
 * variables of the repository.
 */
export function publishWorkflow({ branch, directory, signs }: WorkflowProps): string {
  const variables = [
    'PDP_PUBLISHER_ROLE',
    'PDP_POLICY_STORE',
    'AWS_REGION',
    ...(signs ? ['PDP_SIGN_KEY'] : []),
  ];
  const prepare = [
    `      - uses: ${ACTIONS.node}`,
    '        with:',
    '          node-version: 24',
    `      - run: ${installCommand()}`,
  ];
  const checkout = [
    `      - uses: ${ACTIONS.checkout}`,
    '        with:',
    '          persist-credentials: false',
  ];
  const job = ['    runs-on: ubuntu-24.04', '    timeout-minutes: 15'];
  return `${[
    '# From this repository to every PDP. Written by GitHubPolicyPublisher of serverless-pdp.',
    '#',
    `# Variables of the repository, from the outputs of the stack: ${variables.join(', ')}.`,
    '# There is no secret: the role trusts pushes to this branch of this repository, and nothing else.',
    'name: policies',
    'on:',
    '  push:',
    `    branches: [${branch}]`,
    '  pull_request:',
    `    branches: [${branch}]`,
    'permissions:',
    '  contents: read',
    'concurrency:',
    `  group: policies-\${{ github.ref }}`,
    '  cancel-in-progress: false',
    'jobs:',
    '  check:',
    ...job,
    '    steps:',
    ...checkout,
    ...prepare,
    `      - run: ${pdp('validate', directory)}`,
    `      - run: ${pdp('test', directory)}`,
    '  changes:',
    "    if: github.event_name == 'pull_request'",
    ...job,
    '    steps:',
    ...checkout,
    `      - uses: ${ACTIONS.checkout}`,
    '        with:',
    `          ref: \${{ github.event.pull_request.base.sha }}`,
    '          path: .base',
    '          persist-credentials: false',
    ...prepare,
    '      # 1 is that there are differences, which is no failure.',
    `      - run: ${pdp('diff', directory === '.' ? '.base' : `.base/${directory}`, directory)} || [ $? -eq 1 ]`,
    '  publish:',
    '    needs: check',
    `    if: github.event_name == 'push' && github.ref == 'refs/heads/${branch}'`,
    '    permissions:',
    '      contents: read',
    '      id-token: write',
    ...job,
    '    steps:',
    ...checkout,
    ...prepare,
    `      - uses: ${ACTIONS.credentials}`,
    '        with:',
    `          role-to-assume: \${{ vars.PDP_PUBLISHER_ROLE }}`,
    `          aws-region: \${{ vars.AWS_REGION }}`,
    `      - run: ${pdp('publish', directory, '"$PDP_POLICY_STORE"')}`,
    '        env:',
    `          PDP_POLICY_STORE: \${{ vars.PDP_POLICY_STORE }}`,
    ...(signs ? [`          PDP_SIGN_KEY: \${{ vars.PDP_SIGN_KEY }}`] : []),
  ].join('\n')}\n`;
}
