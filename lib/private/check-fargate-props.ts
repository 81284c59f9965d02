import type { FargatePdpProps } from '../fargate-pdp-props.ts';
import type { PdpImageConfig } from '../pdp-image.ts';
import { SynthesisError } from '../synthesis-error.ts';

/** @throws SynthesisError when properties do not go together, naming one and what to do */
export function checkTogether(props: FargatePdpProps): void {
  const { exposure = 'privateDns', loadBalancer, deployment, namespace, serviceName, bakeTime } = props;
  if (exposure !== 'loadBalancer' && loadBalancer !== undefined) {
    throw new SynthesisError("loadBalancer: not used without one; set exposure: 'loadBalancer'");
  }
  if (props.transport === 'plain' && loadBalancer?.certificate !== undefined) {
    throw new SynthesisError(
      "loadBalancer.certificate: not used with transport: 'plain', which has no TLS; leave one of them out",
    );
  }
  if (exposure !== 'loadBalancer' && deployment === 'blueGreen') {
    throw new SynthesisError(
      "deployment: a blue/green deployment moves a load balancer's traffic; set exposure: 'loadBalancer'",
    );
  }
  if (exposure === 'loadBalancer' && (namespace !== undefined || serviceName !== undefined)) {
    const name = namespace !== undefined ? 'namespace' : 'serviceName';
    throw new SynthesisError(`${name}: a load balancer has its own name; use loadBalancer.domainName`);
  }
  if (bakeTime !== undefined && deployment !== 'blueGreen') {
    throw new SynthesisError("bakeTime: only a blue/green deployment has one; set deployment: 'blueGreen'");
  }
}

/** @throws SynthesisError when the image cannot do what is asked of it */
export function checkImage(props: FargatePdpProps, image: PdpImageConfig): void {
  const { transport = 'tls', exposure, certificateAuthority, apiKey } = props;
  if (apiKey !== undefined && image.apiKey !== undefined) {
    throw new SynthesisError('apiKey: the image has its own, which callers are given; leave apiKey out');
  }
  if (transport === 'plain' && certificateAuthority !== undefined) {
    throw new SynthesisError("certificateAuthority: there is none with transport: 'plain'; leave it out");
  }
  if (transport === 'tls' && !image.takesServeOptions && exposure !== 'loadBalancer') {
    throw new SynthesisError(
      "image: this container does not serve TLS; set exposure: 'loadBalancer', which serves it in front, or give " +
        "it up with transport: 'plain'",
    );
  }
}
