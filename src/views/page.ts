// Pages of a list that grows at its head: a cursor names the last row seen, so that new rows never shift what follows.

import { InvalidInput } from '../core/errors.ts';

/** Where a page begins: after the row with this time, in the whole units that its list counts, and this id. */
export interface PagePosition {
  at: number;
  id: string;
}

export interface Page<T> {
  items: T[];
  /** Pass it as `cursor` to get the next page; null at the end. */
  next: string | null;
}

/** Returns `position` as an opaque cursor. */
export function formatCursor(position: PagePosition): string {
  return Buffer.from(JSON.stringify([position.at, position.id])).toString('base64url');
}

/** Returns the position that `cursor` stands for. @throws InvalidInput `invalid_cursor` */
export function parseCursor(cursor: string): PagePosition {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (Number.isSafeInteger(at) && typeof id === 'string' && !id.includes('\0')) return { at: at as number, id };
  } catch {
    // Refused below.
  }
  throw new InvalidInput(
    'invalid_cursor',
    `'${cursor}' is not a cursor of this list: use the 'next' of an earlier page, or none to begin at the head.`,
  );
}
