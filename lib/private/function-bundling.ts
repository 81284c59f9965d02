import { type BundlingOptions, LogLevel, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

/** In the runtime, and read only when a key must be fetched. */
const AWS_SDK = '@aws-sdk/*';

/**
 * How a function of the kit is bundled: one minified ES module for its own Node version. What the user sets wins;
 * their external modules are added.
 */
export function functionBundling(own: BundlingOptions = {}): BundlingOptions {
  const { externalModules = [], bundleAwsSDK = false } = own;
  return {
    format: OutputFormat.ESM,
    mainFields: ['module', 'main'],
    minify: true,
    // Reading them costs every cold start; errors of the kit carry stable names and codes instead.
    sourceMap: false,
    logLevel: LogLevel.WARNING,
    ...own,
    externalModules: bundleAwsSDK ? externalModules : [...new Set([AWS_SDK, ...externalModules])],
    ...banner(own),
  };
}

/**
 * An ES module has no `require`, which CommonJS packages in it call for Node's own modules. A name that no minifier
 * picks: esbuild does not see what is in a banner.
 */
function banner({ format = OutputFormat.ESM, banner: own }: BundlingOptions): { banner?: string } {
  if (format !== OutputFormat.ESM) return {};
  const require =
    "import{createRequire as __pdp_createRequire}from'node:module';const require=__pdp_createRequire(import.meta.url);";
  return { banner: own === undefined ? require : `${require}${own}` };
}
