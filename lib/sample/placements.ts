/** Where the PDP of the sample runs: one row of the README's table each. */
export const PLACEMENTS = ['serverless', 'cluster', 'star', 'sidecar', 'embedded', 'remote'] as const;

export type Placement = (typeof PLACEMENTS)[number];

/** Values that a placement cannot do without, to look at its templates before one has one's own. */
export const EXAMPLE_CONTEXT: Readonly<Partial<Record<Placement, Record<string, string>>>> = {
  remote: { url: 'https://pdp.example.com', apiKeySecret: 'pdp-api-key' },
};
