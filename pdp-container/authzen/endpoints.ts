/** Paths of the endpoints, by their names in the metadata (AuthZEN 1.0, sections 9.1.1 and 10.1). */
export const ENDPOINTS = {
  access_evaluation_endpoint: '/access/v1/evaluation',
  access_evaluations_endpoint: '/access/v1/evaluations',
  search_subject_endpoint: '/access/v1/search/subject',
  search_resource_endpoint: '/access/v1/search/resource',
  search_action_endpoint: '/access/v1/search/action',
} as const;

/** Where the metadata is found (section 9.2). */
export const CONFIGURATION_PATH = '/.well-known/authzen-configuration';
