// Who asks for something, or decides it.

import { InvalidInput } from './errors.ts';

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

/** @throws InvalidInput `code` when `name` cannot be a `what`, such as a role */
export function assertName(code: string, what: string, name: string): void {
  if (NAME.test(name)) return;
  throw new InvalidInput(code, `'${name}' cannot be a ${what}: use 1 to 100 letters, digits or . _ @ : -`);
}
