// Encoded words in mail headers (RFC 2047): `=?utf-8?Q?Gr=C3=BC=C3=9Fe?=`.

const WORD = /=\?([\w-]+)(?:\*[\w-]+)?\?([BbQq])\?([^?\s]*)\?=/g;

/** Returns `value` with its encoded words decoded; words in an unknown encoding stay as they are. */
export function decodeWords(value: string): string {
  // White space between two encoded words only separates them.
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(WORD, (word, charset: string, form: string, text: string) => {
      try {
        const bytes = form.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : quotedBytes(text);
        return new TextDecoder(charset).decode(bytes);
      } catch {
        return word;
      }
    });
}

function quotedBytes(text: string): Buffer {
  const binary = text
    .replaceAll('_', ' ')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(binary, 'latin1');
}
