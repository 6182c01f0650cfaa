// How much of a document is tagged: all of an ordinary one, an even sample of a very long one, in pieces that the
// tagger takes well.

/** Longer prose is sampled evenly down to this many characters, so that a document costs at most about 0.3 s. */
const mostTagged = 200_000;
/** The tagger's time grows with the square of a paragraph's length. */
const longestPiece = 10_000;
/**
 * Encoded data and the like, on which the tagger is slow: 150 characters without a space, of a script that has spaces.
 */
const blob = /[^\s\u2e80-\uffff]{150,}/g;

/** A stretch of plain words; `index` is that of the block that it comes from. */
export interface Piece {
  index: number;
  text: string;
}

/** Blocks without encoded data, long ones cut at the end of a sentence or word. */
export function piecesOf(blocks: readonly Piece[]): Piece[] {
  return blocks.flatMap(({ index, text }) => cut(text.replace(blob, ' ')).map((part) => ({ index, text: part })));
}

function cut(text: string): string[] {
  const parts: string[] = [];
  let at = 0;
  while (text.length - at > longestPiece) {
    const window = text.slice(at, at + longestPiece);
    const end = Math.max(window.lastIndexOf('. '), window.lastIndexOf('。'));
    const length = (end > longestPiece / 2 ? end : Math.max(window.lastIndexOf(' '), longestPiece / 2)) + 1;
    parts.push(text.slice(at, at + length));
    at += length;
  }
  return [...parts, text.slice(at)];
}

/** The first third as it is, and every n-th piece of the rest, where a text is too long to be tagged whole. */
export function sampled(pieces: readonly Piece[]): readonly Piece[] {
  const total = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  if (total <= mostTagged) return pieces;
  const head = mostTagged / 3;
  const share = (mostTagged - head) / (total - head);
  const kept: Piece[] = [];
  let passed = 0;
  let taken = 0;
  for (const piece of pieces) {
    const due = passed < head ? passed : head + (passed - head) * share;
    passed += piece.text.length;
    if (taken > due) continue;
    kept.push(piece);
    taken += piece.text.length;
  }
  return kept;
}
