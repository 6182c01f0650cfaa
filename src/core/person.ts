// Who asks for something, or decides it.

/** A person, or a program that acts for one. */
export interface Person {
  /** Within the tenant a name is one person, whichever of their keys they use. */
  name: string;
  /** What they may decide; `all` where nobody has to say who they are. */
  roles: readonly string[] | 'all';
  /** Whose runs they may see; undefined for everybody's. */
  tenant: string | undefined;
}

/** Returns `name` as it is kept: without space around it, and in one spelling where Unicode has several (NFC, Unicode Annex 15). */
export function personName(name: string): string {
  return name.trim().normalize('NFC');
}

/** What a person or a role may be called where it is not said by a key: in a header, or when a key is made. */
export const NAME = /^[\w.@:-]{1,100}$/;
