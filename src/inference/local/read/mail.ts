// The part of an e-mail that its sender wrote: quoted earlier messages, the greeting and the signature set aside.

import { fieldValue, type SplitDocument } from './header.ts';

const greeting =
  /^[ \t]*(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|sehr geehrte\p{L}*|liebe[r]?|hallo|guten tag|bonjour|cher|chère|hola|estimad[oa]s?)\b[^.\n]{0,60}[,!:]?\s*$/imu;
const closing =
  /^[ \t]*(?:(?:kind|best|warm|many)? ?regards|best(?: wishes)?|thanks(?: a lot| again)?|thank you|cheers|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|mit freundlichen grüßen|viele grüße|beste grüße|gruß|cordialement|saludos|atentamente)\s*[,.!]?\s*$/imu;

/**
 * A body taken apart. `letter` is true for letters and e-mails; then `around` holds what stands around the sender's own
 * text.
 */
export interface MailParts {
  own: string;
  around: string;
  letter: boolean;
}

/** Takes the body of an e-mail or letter apart; of any other document everything is `own`. */
export function mailParts({ fields, body }: SplitDocument): MailParts {
  const mail =
    fieldValue(fields, 'from', 'to', 'von', 'an') !== undefined &&
    fieldValue(fields, 'subject', 'betreff', 'date', 'objet', 'asunto') !== undefined;
  const letter = body.length < 8000 && greeting.test(body) && closing.test(body);
  if (!mail && !letter) return { own: body, around: '', letter: false };
  const unquoted = body
    .split(/^(?:On .{5,100}wrote:|Am .{5,100}schrieb.*:|-{2,} ?(?:Original|Forwarded|Ursprüngliche).*-{2,})\s*$/im)[0]!
    .split(/^-- ?$/m)[0]!
    .replace(/^>.*$/gm, '');
  const start = greeting.exec(unquoted);
  const from = start && start.index < unquoted.length * 0.5 ? start.index + start[0].length : 0;
  const end = closing.exec(unquoted)?.index ?? unquoted.length;
  const to = end > from + (unquoted.length - from) * 0.3 ? end : unquoted.length;
  const own = unquoted.slice(from, to);
  if (own.trim() === '') return { own: body, around: '', letter: true };
  return { own, around: `${unquoted.slice(0, from)}\n${unquoted.slice(to)}`, letter: true };
}
