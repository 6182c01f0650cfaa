// The text of a Word document (DOCX, ECMA-376), paragraph by paragraph.

import { unzipSync } from 'fflate';
import mammoth from 'mammoth';
import { ReadFailure } from './failure.ts';
import { assertHarmlessZip } from './zip.ts';

/** Returns the text and the title in the document's properties. @throws ReadFailure `document_broken`, `document_bomb` */
export async function readDocx(bytes: Uint8Array): Promise<{ text: string; title: string | undefined }> {
  assertHarmlessZip(bytes);
  try {
    const { value } = await mammoth.extractRawText({ buffer: Buffer.from(bytes) });
    return { text: value, title: propertyTitle(bytes) };
  } catch (error) {
    throw new ReadFailure(
      'document_broken',
      `is a damaged DOCX file (${(error as Error).message}): save it again and send the whole file.`,
    );
  }
}

function propertyTitle(bytes: Uint8Array): string | undefined {
  const core = unzipSync(bytes, { filter: (file) => file.name === 'docProps/core.xml' })['docProps/core.xml'];
  const title = core && /<dc:title>([^<]*)<\/dc:title>/.exec(new TextDecoder().decode(core))?.[1];
  return (
    title?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&').trim() ||
    undefined
  );
}
