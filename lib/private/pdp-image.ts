import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { SynthesisError } from '../synthesis-error.ts';
import { BUNDLE_FILE, sourceOf, writeBundle } from './bundle.ts';
import { stage } from './staging.ts';

/** The user of the image, a number: ECS then knows that it is not root. */
export const IMAGE_USER = '65532:65532';

/** The image's own check, without a shell: exits 0 when `/healthcheck` answers 200. */
export const IMAGE_HEALTH_CHECK = ['CMD', 'node', '/app/healthcheck.mjs'];

/**
 * The kit's image: the build context, and in it the bundle of `policies`, if any. Only the bundle is built at synth;
 * the deployment builds the image and pushes it.
 *
 * @throws SynthesisError when the context has not been written, or the policies cannot be built
 */
export function pdpImage(
  scope: Construct,
  context: string,
  policies: string | undefined,
  cpuArchitecture: CpuArchitecture,
): { image: ContainerImage; revision: string | undefined } {
  if (policies !== undefined) sourceOf(policies);
  if (!existsSync(join(context, 'Dockerfile'))) {
    throw new SynthesisError(
      `image: there is no context at ${context}; write it with: node scripts/image-context.ts build/image`,
    );
  }
  let revision: string | undefined;
  const image = stage(
    scope,
    (directory) => {
      cpSync(context, directory, { recursive: true });
      if (policies !== undefined) ({ revision } = writeBundle(policies, join(directory, BUNDLE_FILE)));
    },
    (directory) =>
      ContainerImage.fromDockerImageAsset(
        new DockerImageAsset(scope, 'Image', {
          directory,
          displayName: 'policy decision point',
          platform: cpuArchitecture === CpuArchitecture.X86_64 ? Platform.LINUX_AMD64 : Platform.LINUX_ARM64,
        }),
      ),
  );
  return { image, revision };
}
