import { SynthesisError } from '../synthesis-error.ts';

/** As GitHub has them, and other Git hosts with groups in between. Nothing that a shell, YAML or a policy reads otherwise. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._-]+)+$/;
const BRANCH = /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/;
const FOLDER = /^(?:\.|[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*)$/;

/** @throws SynthesisError when it is not `OWNER/REPOSITORY` */
export function checkedRepository(repository: string): string {
  if (REPOSITORY.test(repository) && !hasDots(repository)) return repository;
  throw new SynthesisError(
    `repository: "${repository}" is not of the form OWNER/REPOSITORY; leave out https:// and .git, and use no wildcard`,
  );
}

/** @throws SynthesisError when it is not the name of one branch */
export function checkedBranch(branch: string): string {
  const isName = BRANCH.test(branch) && !hasDots(branch) && !/\/\/|[/.]$|\.lock$/.test(branch);
  if (isName && !branch.startsWith('refs/')) return branch;
  throw new SynthesisError(
    `branch: "${branch}" is not the name of one branch, such as main; leave out refs/heads/, and use no wildcard`,
  );
}

/** @throws SynthesisError when it is not a folder of the repository, without spaces and `..` */
export function checkedFolder(folder: string): string {
  if (FOLDER.test(folder) && !hasDots(folder)) return folder;
  throw new SynthesisError(
    `directory: "${folder}" is not a folder of the repository, such as policies/notes; use letters, digits, "_", "-", "."`,
  );
}

function hasDots(path: string): boolean {
  return path.includes('..');
}
