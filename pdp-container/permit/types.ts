import { isEntityTypeName } from '../../engine/entity-uid.ts';
import { ConfigurationError } from '../../engine/index.ts';
import { DEFAULT_PERMIT_TYPES, type PermitTypes } from './mapping.ts';

/** The types, with the default for what is not given. @throws ConfigurationError for what is no entity type */
export function parsePermitTypes(given: Partial<PermitTypes> = {}): PermitTypes {
  const types = { ...DEFAULT_PERMIT_TYPES, ...given };
  for (const [of, type] of Object.entries(types)) {
    if (isEntityTypeName(type)) continue;
    throw new ConfigurationError(
      `permit-${of}-type '${type}' is not a Cedar entity type: write it like User or App::User`,
    );
  }
  return types;
}
