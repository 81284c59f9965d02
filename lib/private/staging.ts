import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';

/**
 * Fills a new directory and makes an asset of it. The directory is gone afterwards: the cloud assembly has its copy,
 * except for tools that asked CDK not to stage.
 *
 * CDK's own asset bundling is not used: it wraps an error in the path of its scratch directory, which hides what is
 * wrong with a policy.
 */
export function stage<Asset>(
  scope: Construct,
  fill: (directory: string) => void,
  makeAsset: (directory: string) => Asset,
): Asset {
  const directory = mkdtempSync(join(tmpdir(), 'pdp-asset-'));
  let asset: Asset | undefined;
  try {
    fill(directory);
    makeReadable(directory);
    asset = makeAsset(directory);
    return asset;
  } finally {
    const inUse = asset !== undefined && scope.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT);
    if (!inUse) rmSync(directory, { recursive: true });
  }
}

/** Lambda and the image's user read as others do, whatever the umask of the machine that deploys. */
function makeReadable(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) makeReadable(path);
    else if (entry.isFile()) chmodSync(path, 0o644);
  }
}
