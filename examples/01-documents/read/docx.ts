// The text of a Word document (DOCX, ECMA-376), paragraph by paragraph.

import { zipSync } from 'fflate';
import mammoth from 'mammoth';
import { ReadFailure } from './failure.ts';
import { inflateEntry, listZip } from './zip.ts';

/** Where the text is, and what leads to it; pictures, fonts and embedded files stay packed. */
const TEXT_PART =
  /^(?:\[Content_Types\]\.xml|_rels\/[^/]+\.rels|word\/(?:_rels\/)?[^/]+\.(?:xml|rels)|docProps\/core\.xml)$/;
const PROPERTIES = 'docProps/core.xml';

/**
 * Returns the text and the title in the document's properties. The library is given an archive that was made of the checked parts,
 * so that it cannot find others in it than we did.
 * @throws ReadFailure `document_broken`, `document_encrypted`, `document_bomb`
 */
export async function readDocx(bytes: Uint8Array): Promise<{ text: string; title: string | undefined }> {
  const entries = listZip(bytes).filter(({ name }) => TEXT_PART.test(name));
  const parts = Object.fromEntries(entries.map((entry) => [entry.name, inflateEntry(bytes, entry)]));
  try {
    const { value } = await mammoth.extractRawText({ buffer: Buffer.from(zipSync(parts, { level: 0 })) });
    return { text: value, title: propertyTitle(parts[PROPERTIES]) };
  } catch (error) {
    throw new ReadFailure(
      'document_broken',
      `is a damaged DOCX file (${(error as Error).message}): save it again and send the whole file.`,
    );
  }
}

function propertyTitle(properties: Uint8Array | undefined): string | undefined {
  const title = properties && /<dc:title>([^<]*)<\/dc:title>/.exec(new TextDecoder().decode(properties))?.[1];
  return (
    title?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&').trim() ||
    undefined
  );
}
