/** What is used of jose: imported by name, so that a bundler leaves out the other three quarters. */
export { base64url, compactVerify, importSPKI } from 'jose';
