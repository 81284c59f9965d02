/** Questions of the sample, as AuthZEN evaluation requests. */
export const question = (user: string, action: string, note: string) => ({
  subject: { type: 'User', id: user },
  action: { name: action },
  resource: { type: 'Note', id: note },
});

export const allowed = question('bob', 'edit', 'acme/roadmap');
export const denied = question('carol', 'edit', 'acme/roadmap');
