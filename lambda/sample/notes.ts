/** A note of the sample application. */
export interface Note {
  /** `<tenant>/<name>`: also the id of the Cedar entity. */
  id: string;
  tenant: string;
  /** Who wrote it: the id of a user. */
  author: string;
  title: string;
  text: string;
}

/**
 * The notes, in memory: each function environment has its own and forgets it when it ends, which is enough to
 * try the decisions out. A real application asks its database here.
 */
const notes = new Map<string, Note>(
  [
    { id: 'acme/roadmap', tenant: 'acme', author: 'bob', title: 'Roadmap', text: 'Ship the notes.' },
    { id: 'acme/old-plan', tenant: 'acme', author: 'alice', title: 'Old plan', text: 'We have moved on.' },
    { id: 'acme/design', tenant: 'acme', author: 'alice', title: 'Design', text: 'One decision contract.' },
    { id: 'acme/offsite', tenant: 'acme', author: 'alice', title: 'Offsite', text: 'Bring a raincoat.' },
    { id: 'globex/roadmap', tenant: 'globex', author: 'erin', title: 'Roadmap', text: 'For globex only.' },
  ].map((note) => [note.id, note]),
);

export function findNote(id: string): Note | undefined {
  return notes.get(id);
}

export function saveNote(note: Note): Note {
  notes.set(note.id, note);
  return note;
}
