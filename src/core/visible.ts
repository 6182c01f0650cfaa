// Texts of others, as they are shown to whoever decides about them.

/**
 * Returns `text` with every character written out as `\u{…}` that is not seen, or that changes how others are seen: controls but for line
 * feeds, marks of direction, invisible ones. What a person reads before deciding is then what there is.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
