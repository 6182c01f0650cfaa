// What HTML says of its tags by name (the WHATWG's standard, sections 13.1.2 and 13.2.6): which have no end, which end others.

/** They have nothing inside, and no end. */
export const VOID = new Set(
  'area base basefont br col command embed frame hr img input isindex keygen link meta param source track wbr'.split(
    ' ',
  ),
);

/** Inside of a drawing or a formula, HTML begins again in them. */
export const INTEGRATION_POINTS = new Set('mi mo mn ms mtext annotation-xml foreignobject desc title'.split(' '));

const FORM_PARTS = 'input option optgroup select button datalist textarea';
const BLOCKS =
  'p address article aside blockquote details div dl fieldset figcaption figure footer form header hr main nav ol pre section table ul';

/** Tags that begin, and which open ones they end. */
const ENDS: [begins: string, ends: string][] = [
  [BLOCKS, 'p'],
  ['h1 h2 h3 h4 h5 h6', 'h1 h2 h3 h4 h5 h6 p'],
  ['li', 'li'],
  ['a', 'a'],
  ['dd dt', 'dd dt'],
  ['rt rp', 'rt rp'],
  ['tr', 'tr th td'],
  ['th', 'th'],
  ['td', 'thead th td'],
  ['tbody tfoot', 'thead tbody'],
  ['body', 'head link script'],
  ['select input output button datalist textarea', FORM_PARTS],
  ['option', 'option'],
  ['optgroup', 'optgroup option'],
];

/** For a tag that begins, which open ones it ends if they are the last. */
export const IMPLIED_ENDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  ENDS.flatMap(([begins, ends]) => begins.split(' ').map((name) => [name, new Set(ends.split(' '))] as const)),
);
