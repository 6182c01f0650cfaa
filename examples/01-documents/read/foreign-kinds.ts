// Files that are no documents, or none that we read: to say what was sent instead.

/** How binary files begin, at which byte, and what they are. */
const MAGIC: [magic: number[] | string, what: string, offset?: number][] = [
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  [[0x49, 0x49, 0x2a, 0x00], 'a TIFF image'],
  [[0x4d, 0x4d, 0x00, 0x2a], 'a TIFF image'],
  ['WEBP', 'a WebP image', 8],
  ['ftyp', 'a video or a HEIC image', 4],
  [[0x1f, 0x8b], 'a gzip archive'],
  ['BZh', 'a bzip2 archive'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'an xz archive'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a Zstandard archive'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive'],
  ['Rar!', 'a RAR archive'],
  ['ustar', 'a tar archive', 257],
  [[0x7f, 0x45, 0x4c, 0x46], 'a program'],
  ['MZ', 'a program'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Office file (.doc, .xls, .ppt)'],
  [[0x00, 0x61, 0x73, 0x6d], 'a WebAssembly module'],
  ['SQLite format 3', 'an SQLite database'],
  ['OggS', 'an Ogg file'],
  ['RIFF', 'a sound or a video'],
  ['ID3', 'an MP3 file'],
  ['wOF', 'a font'],
];

/** Kinds that are written in letters, but not to be read by people. */
const WRITTEN: [start: string, what: string][] = [
  ['{\\rtf', 'an RTF document'],
  ['%!PS', 'a PostScript file'],
];

/** Names of parts that tell the kinds of ZIP archive apart. */
const ZIP_PARTS: [name: string, kind: string][] = [
  ['word/document', 'docx'],
  ['xl/workbook', 'an Excel workbook'],
  ['ppt/presentation', 'a PowerPoint presentation'],
  ['mimetypeapplication/vnd.oasis.opendocument', 'an OpenDocument file'],
  ['mimetypeapplication/epub', 'an EPUB book'],
  // Half a DOCX may have lost the name of its main part.
  ['[Content_Types].xml', 'docx'],
];

const ZIP_STARTS = ['PK\u0003\u0004', 'PK\u0005\u0006'];
const HEAD_BYTES = 4096;

/** Returns what kind of file it is if it is one that we cannot read, else undefined. */
export function foreignKind(file: Buffer): string | undefined {
  const head = file.subarray(0, HEAD_BYTES);
  const written = WRITTEN.find(([start]) => head.indexOf(start, 0, 'latin1') === 0);
  if (written) return written[1];
  // Text may begin with the same letters.
  if (!hasControlCharacters(head)) return undefined;
  return MAGIC.find(([magic, , offset = 0]) =>
    Buffer.from(magic as string, 'latin1').equals(head.subarray(offset, offset + magic.length)),
  )?.[1];
}

/** Returns `docx`, or what else the ZIP archive is; undefined if it is none. */
export function zipKind(file: Buffer): string | undefined {
  if (!ZIP_STARTS.includes(file.toString('latin1', 0, 4))) return undefined;
  return ZIP_PARTS.find(([name]) => file.includes(name, 0, 'latin1'))?.[1] ?? 'a ZIP archive that is no DOCX document';
}

/** A DOCX file with a password is no ZIP archive, but an encrypted package in the old format of Office (MS-OFFCRYPTO). */
export function isProtectedOffice(file: Buffer): boolean {
  return (
    file.toString('latin1', 0, 4) === '\u00D0\u00CF\u0011\u00E0' && file.includes('EncryptedPackage', 0, 'utf16le')
  );
}

function hasControlCharacters(head: Buffer): boolean {
  return head.some((byte) => byte < 9 || (byte > 13 && byte < 27));
}
