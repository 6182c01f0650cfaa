// A look at a ZIP archive before anything is made of it: how many entries, and how large they really are.

import { Unzip, UnzipInflate } from 'fflate';
import { ReadFailure } from './failure.ts';
import { LARGEST_INFLATED_BYTES, MOST_ZIP_ENTRIES } from './limits.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * Inflates the archive without keeping anything, and stops at the limit: what an archive says of its own size proves nothing.
 * @throws ReadFailure `document_bomb` beyond the limits, `document_broken` when it cannot be inflated
 */
export function assertHarmlessZip(bytes: Uint8Array): void {
  let entries = 0;
  let inflated = 0;
  const unzip = new Unzip((file) => {
    entries += 1;
    if (entries > MOST_ZIP_ENTRIES) throw bomb(`has more than ${MOST_ZIP_ENTRIES} parts`);
    file.ondata = (error, data) => {
      if (error) throw new ReadFailure('document_broken', `is a damaged DOCX file (${error.message}): save it again and send the whole file.`);
      inflated += data.length;
      if (inflated > LARGEST_INFLATED_BYTES) throw bomb(`inflates to more than ${LARGEST_INFLATED_BYTES / 1024 / 1024} MB`);
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  try {
    for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
      unzip.push(bytes.subarray(offset, offset + CHUNK_BYTES), offset + CHUNK_BYTES >= bytes.length);
    }
  } catch (error) {
    if (error instanceof ReadFailure) throw error;
    throw new ReadFailure('document_broken', `is a damaged DOCX file (${(error as Error).message}): save it again and send the whole file.`);
  }
}

function bomb(what: string): ReadFailure {
  return new ReadFailure('document_bomb', `${what}, which no document does: it was not opened.`);
}
