// UTF-16 without a byte order mark, told by where its zeros and its blanks are.

const SAMPLE_BYTES = 4096;
const FEWEST_PAIRS = 4;
const PRINTABLE_SHARE = 0.95;
/** Text in any script but those of East Asia has at least one blank or line end in so many characters. */
const CHARACTERS_TO_A_BLANK = 60;

type Wide = 'utf-16le' | 'utf-16be';

/** Returns the encoding if the bytes are UTF-16 of one or the other order, else undefined. */
export function wideEncoding(bytes: Uint8Array): Wide | undefined {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  if (sample.length < FEWEST_PAIRS * 2 || !sample.includes(0)) return undefined;
  return latin(sample) ?? otherScript(sample);
}

/** Latin text has a zero in every second byte. */
function latin(sample: Uint8Array): Wide | undefined {
  const pairs = Math.floor(sample.length / 2);
  let even = 0;
  let odd = 0;
  for (let index = 0; index < pairs * 2; index += 2) {
    if (sample[index] === 0) even += 1;
    if (sample[index + 1] === 0) odd += 1;
  }
  if (odd > pairs * 0.4 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.4 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

/** Other text has zeros in its blanks alone: in the wrong order they are no blanks. */
function otherScript(sample: Uint8Array): Wide | undefined {
  const [little, big] = [blanksIn(sample, 'utf-16le'), blanksIn(sample, 'utf-16be')];
  const fewest = sample.length / 2 / CHARACTERS_TO_A_BLANK;
  if (Math.max(little, big) < fewest || little === big) return undefined;
  return little > big ? 'utf-16le' : 'utf-16be';
}

/** Returns how many blanks and line ends there are if it is text at all, else 0. */
function blanksIn(sample: Uint8Array, encoding: Wide): number {
  const whole = sample.subarray(0, sample.length - (sample.length % 2));
  const text = new TextDecoder(encoding).decode(whole);
  const printable = text.match(/[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\n\r\t]/gu)?.length ?? 0;
  return printable >= text.length * PRINTABLE_SHARE ? (text.match(/[ \n\r\t]/g)?.length ?? 0) : 0;
}
