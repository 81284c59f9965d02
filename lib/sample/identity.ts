import { CfnOutput, Duration, type RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  Mfa,
  StandardThreatProtectionMode,
  UserPool,
} from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';

/** Who signs the tokens that the API accepts, and for whom. */
export interface TokenIssuer {
  /** The `iss` claim, an https URL under which API Gateway finds the keys. */
  readonly issuer: string;
  /** The `aud` (or Cognito's `client_id`) claim. */
  readonly audience: string;
}

/** A Cognito user pool as the issuer: administrators create users, a second factor is needed to sign in. */
export function userPoolIssuer(scope: Construct, removalPolicy: RemovalPolicy): TokenIssuer {
  const pool = new UserPool(scope, 'Users', {
    selfSignUpEnabled: false,
    signInAliases: { username: true },
    mfa: Mfa.REQUIRED,
    mfaSecondFactor: { otp: true, sms: false },
    accountRecovery: AccountRecovery.NONE,
    featurePlan: FeaturePlan.PLUS,
    standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
    passwordPolicy: {
      minLength: 12,
      requireDigits: true,
      requireLowercase: true,
      requireUppercase: true,
      requireSymbols: true,
      tempPasswordValidity: Duration.days(1),
    },
    removalPolicy,
  });
  const client = pool.addClient('Client', {
    // The second is for `aws cognito-idp admin-initiate-auth`, which takes credentials of the account.
    authFlows: { userSrp: true, adminUserPassword: true },
    disableOAuth: true,
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.hours(1),
    idTokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.days(1),
  });
  new CfnOutput(scope, 'UserPoolId', { value: pool.userPoolId, description: 'Where to create users' });
  new CfnOutput(scope, 'UserPoolClientId', {
    value: client.userPoolClientId,
    description: 'What to sign in with',
  });
  return { issuer: pool.userPoolProviderUrl, audience: client.userPoolClientId };
}
