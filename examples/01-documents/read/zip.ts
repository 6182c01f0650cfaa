// A look at a ZIP archive before anything is made of it: how many entries, and how large they really are.

import { Unzip, UnzipInflate } from 'fflate';
import { ReadFailure } from './failure.ts';
import { LARGEST_INFLATED_BYTES, MOST_ZIP_ENTRIES } from './limits.ts';

/** Small, because a chunk of a bomb inflates to a thousand times its size before it can be stopped. */
const CHUNK_BYTES = 16 * 1024;

/**
 * Inflates the archive without keeping anything, and stops at the limit: what an archive says of its own size proves nothing.
 * @throws ReadFailure `document_bomb` beyond the limits, `document_broken` when it cannot be inflated
 */
export function assertHarmlessZip(bytes: Uint8Array): void {
  let entries = 0;
  let inflated = 0;
  // Kept rather than thrown: the library takes what its callbacks throw for an error of the archive.
  let failure: ReadFailure | undefined;
  const unzip = new Unzip((file) => {
    entries += 1;
    if (entries > MOST_ZIP_ENTRIES) failure ??= bomb(`has more than ${MOST_ZIP_ENTRIES} parts`);
    file.ondata = (error, data) => {
      if (error) failure ??= damaged(error);
      inflated += data?.length ?? 0;
      if (inflated > LARGEST_INFLATED_BYTES)
        failure ??= bomb(`inflates to more than ${LARGEST_INFLATED_BYTES / 1024 / 1024} MB`);
    };
    if (!failure) file.start();
  });
  unzip.register(UnzipInflate);
  for (let offset = 0; offset < bytes.length && !failure; offset += CHUNK_BYTES) {
    try {
      unzip.push(bytes.subarray(offset, offset + CHUNK_BYTES), offset + CHUNK_BYTES >= bytes.length);
    } catch (error) {
      failure ??= damaged(error as Error);
    }
  }
  if (failure) throw failure;
}

function damaged(error: Error): ReadFailure {
  return new ReadFailure(
    'document_broken',
    `is a damaged DOCX file (${error.message}): save it again and send the whole file.`,
  );
}

function bomb(what: string): ReadFailure {
  return new ReadFailure('document_bomb', `${what}, which no document does: it was not opened.`);
}
