import { ContainerImage, Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import type { PdpImageConfig, PermitImageProps } from '../pdp-image.ts';

/**
 * Permit's container: port 7000, its API key in `PDP_API_KEY`, and `/healthy` for the process. Not `/healthcheck`,
 * which its newer server answers with 401 to who has no key; nor `/ready`, which would take the container down, and
 * the service with it, whenever Permit's cloud cannot be reached.
 *
 * @see https://docs.permit.io/concepts/pdp/configuration
 */
export function permitContainer({ apiKey, image, environment }: PermitImageProps): PdpImageConfig {
  return {
    image: ContainerImage.fromRegistry(image ?? 'permitio/pdp-v2:latest'),
    takesServeOptions: false,
    healthCheck: ['CMD-SHELL', 'curl -fsS http://localhost:7000/healthy || exit 1'],
    readyPath: '/ready',
    readonlyRootFilesystem: false,
    secrets: { PDP_API_KEY: EcsSecret.fromSecretsManager(apiKey) },
    apiKey,
    ...(environment === undefined ? {} : { environment }),
  };
}
