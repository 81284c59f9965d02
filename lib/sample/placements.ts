/** Where the PDP of the sample runs: one row of the README's table each. */
export const PLACEMENTS = ['serverless', 'cluster', 'star', 'sidecar', 'embedded', 'remote'] as const;

export type Placement = (typeof PLACEMENTS)[number];

/** Values that a placement cannot do without, to look at its templates before one has one's own. */
export const EXAMPLE_CONTEXT: Readonly<Partial<Record<Placement, Record<string, string>>>> = {
  remote: { url: 'https://pdp.example.com', apiKeySecret: 'pdp-api-key' },
};

/** What is set to look at the templates with published policies: of one placement, which stands for the others. */
export const STORE_EXAMPLE: Readonly<Record<string, string>> = {
  placement: 'serverless',
  policies: 'store',
  repository: 'acme/policies',
  connectionArn:
    'arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef',
};
