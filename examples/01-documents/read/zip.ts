// A ZIP archive (PKWARE APPNOTE), read by its central directory, and never inflated beyond what was checked.

import { crc32, inflateRawSync } from 'node:zlib';
import { ReadFailure } from './failure.ts';
import { HARMLESS_INFLATED_BYTES, LARGEST_INFLATED_BYTES, LARGEST_ZIP_RATIO, MOST_ZIP_ENTRIES } from './limits.ts';

export interface ZipEntry {
  name: string;
  method: number;
  crc: number;
  packedBytes: number;
  /** What the archive says; `inflateEntry` makes sure that it is no more. */
  bytes: number;
  offset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/**
 * Returns what is in the archive.
 * @throws ReadFailure `document_bomb` for too many entries, too much to inflate, or too much of it for so small a file;
 * `document_encrypted`; `document_broken`
 */
export function listZip(bytes: Uint8Array): ZipEntry[] {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOfDirectory(archive);
  const count = archive.readUInt16LE(end + 10);
  if (count > MOST_ZIP_ENTRIES) throw bomb(`has more than ${MOST_ZIP_ENTRIES} parts`);
  const entries: ZipEntry[] = [];
  let offset = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (offset + ENTRY_BYTES > end || archive.readUInt32LE(offset) !== ENTRY_SIGNATURE)
      throw damaged('its list of parts cannot be read');
    entries.push(entryAt(archive, offset));
    offset += ENTRY_BYTES + [28, 30, 32].reduce((sum, field) => sum + archive.readUInt16LE(offset + field), 0);
  }
  assertHarmless(entries, bytes.length);
  return entries;
}

/** Returns the content of an entry. @throws ReadFailure `document_bomb` when it is larger than it says, `document_broken` */
export function inflateEntry(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (entry.offset + LOCAL_BYTES > archive.length || archive.readUInt32LE(entry.offset) !== LOCAL_SIGNATURE)
    throw damaged(`its part '${entry.name}' is missing`);
  const lengths = archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28);
  const start = entry.offset + LOCAL_BYTES + lengths;
  const content = unpacked(archive.subarray(start, start + entry.packedBytes), entry);
  if (content.length !== entry.bytes || crc32(content) !== entry.crc)
    throw damaged(`its part '${entry.name}' was changed`);
  return content;
}

function unpacked(packed: Buffer, entry: ZipEntry): Buffer {
  if (entry.method === STORED) return packed;
  if (entry.method !== DEFLATED) throw damaged(`its part '${entry.name}' is packed in an unusual way`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.bytes) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw bomb(`has a part ('${entry.name}') that inflates to more than it says`);
    throw damaged((error as Error).message);
  }
}

function endOfDirectory(archive: Buffer): number {
  const last = archive.length - END_BYTES;
  for (let offset = last; offset >= Math.max(0, last - LONGEST_COMMENT); offset -= 1) {
    if (archive.readUInt32LE(offset) === END_SIGNATURE) return offset;
  }
  throw damaged('it is cut off');
}

function entryAt(archive: Buffer, offset: number): ZipEntry {
  const isEncrypted = (archive.readUInt16LE(offset + 8) & 1) === 1;
  if (isEncrypted)
    throw new ReadFailure('document_encrypted', 'is protected with a password: send a version without one.');
  const nameBytes = archive.readUInt16LE(offset + 28);
  return {
    name: archive.toString('utf8', offset + ENTRY_BYTES, offset + ENTRY_BYTES + nameBytes),
    method: archive.readUInt16LE(offset + 10),
    crc: archive.readUInt32LE(offset + 16),
    packedBytes: archive.readUInt32LE(offset + 20),
    bytes: archive.readUInt32LE(offset + 24),
    offset: archive.readUInt32LE(offset + 42),
  };
}

/** ZIP64 archives say 4 GB for what is written elsewhere, and are refused as too large, too. */
function assertHarmless(entries: ZipEntry[], archiveBytes: number): void {
  const inflated = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (inflated > LARGEST_INFLATED_BYTES) throw bomb(`inflates to more than ${LARGEST_INFLATED_BYTES / 1024 / 1024} MB`);
  if (inflated > HARMLESS_INFLATED_BYTES && inflated > archiveBytes * LARGEST_ZIP_RATIO)
    throw bomb(`inflates to more than ${LARGEST_ZIP_RATIO} times its size`);
}

function damaged(what: string): ReadFailure {
  return new ReadFailure('document_broken', `is a damaged DOCX file (${what}): save it again and send the whole file.`);
}

function bomb(what: string): ReadFailure {
  return new ReadFailure('document_bomb', `${what}, which no document does: it was not opened.`);
}
