// Kinds of document that pass between people and firms, with the words that speak for each.

import { cue, type Kind } from './kind.ts';

export const addressedKinds: readonly Kind[] = [
  {
    name: 'letter',
    aliases: ['cover letter', 'correspondence', 'memo', 'memorandum', 'notice', 'brief'],
    cues: [
      cue(
        3.5,
        /^[ \t]*(?:dear|to whom it may concern|sehr geehrte\p{L}*|liebe[r]?|cher|chère|madame|estimad[oa]s?|geachte|beste)\b.{0,60}[,:]?\s*$/imu,
      ),
      cue(
        3,
        /^[ \t]*(?:yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|kind regards|best regards|with kind regards|respectfully|mit freundlichen grüßen|hochachtungsvoll|cordialement|atentamente|saludos cordiales)\b/im,
      ),
      cue(2.5, /\b(?:memo(?:randum)?|letter)\b/i, 'head'),
      cue(
        0.8,
        /\b(?:enclosed|please find|i am writing|we are writing|enclosure|thank you for your (?:letter|inquiry|order))\b/i,
      ),
    ],
  },
  {
    name: 'e-mail',
    aliases: ['email', 'mail', 'message', 'electronic mail'],
    cues: [
      cue(5, /^(?:from|von|de):\s*.*@/im, 'head'),
      cue(3, /^(?:to|cc|an):\s*.*@/im, 'head'),
      cue(2.5, /^(?:subject|betreff|objet|asunto|message-id|in-reply-to|mime-version):\s*\S/im, 'head'),
      cue(2, /^>?\s*On .{5,80} wrote:\s*$|^-{2,} ?(?:original|forwarded) message ?-{2,}|^am .{5,80} schrieb/im),
      cue(1.2, /^[ \t]*(?:hi|hello|hey|hallo|bonjour|hola)\b[^.\n]{0,40}[,!]?\s*$/im),
      cue(0.8, /^[ \t]*(?:thanks|cheers|best|regards|viele grüße|gruß|lg)[,!.]?\s*$/im),
    ],
  },
  {
    name: 'invoice',
    aliases: [
      'bill',
      'receipt',
      'rechnung',
      'facture',
      'factura',
      'quote',
      'quotation',
      'purchase order',
      'order',
      'payment',
    ],
    cues: [
      cue(6, /\b(?:invoice|receipt|rechnung|facture|factura|quotation|purchase order|credit note|bill)\b/i, 'head'),
      cue(
        3,
        /\b(?:invoice (?:no|number|date|#)|rechnungs(?:nummer|datum)|bill(?:ed)? to|sold to|ship to|amount due|total due|balance due|zahlbar|due date)\b/i,
      ),
      cue(
        2,
        /\b(?:sub-?total|unit price|qty|quantity|vat|tax rate|mwst|ust|iban|net(?:to)?|grand total|gesamtbetrag|einzelpreis|payment terms)\b/i,
      ),
      cue(1.5, /(?:[$€£]\s?\d|\b(?:EUR|USD|GBP|CHF)\s?\d|\d\s?(?:€|EUR|USD|GBP|CHF)\b)/),
    ],
  },
  {
    name: 'contract',
    aliases: [
      'agreement',
      'nda',
      'lease',
      'vertrag',
      'legal',
      'legal document',
      'terms of contract',
      'statement of work',
    ],
    cues: [
      cue(5, /\b(?:agreement|contract|lease|vertrag|nda|deed|statement of work|contrat)\b/i, 'head'),
      cue(
        3.5,
        /\b(?:this (?:\w+ ){0,3}agreement|by and between|hereinafter|the parties agree|in witness whereof|party of the first part|vertragspartei)/i,
      ),
      cue(
        1.5,
        /\b(?:governing law|indemnif|termination|force majeure|confidential information|entire agreement|severability|effective date|liability|shall (?:not )?be)\b/i,
      ),
      cue(
        1.5,
        /^(?:\d+\.?\s*)?(?:term(?:ination)?|confidentiality|payment|governing law|liability|indemnification|definitions|scope of services|notices|general provisions)\b/im,
        'headings',
      ),
    ],
  },
  {
    name: 'minutes',
    aliases: ['meeting minutes', 'meeting notes', 'meeting', 'protocol', 'notes', 'protokoll', 'transcript'],
    cues: [
      cue(
        5,
        /\b(?:minutes|meeting notes|protokoll|meeting|compte[- ]rendu|procès-verbal|sitzung|réunion|acta|reunión)\b/i,
        'head',
      ),
      cue(
        3,
        /^[ \t]*(?:attendees|present|participants|absent|apologies|agenda|teilnehmer|anwesend|tagesordnung|ordre du jour|participants|présents|attending|chair(?:person)?|minute taker|next meeting)\b\s*:?/im,
      ),
      cue(
        1.5,
        /\b(?:action items?|resolved|motion (?:carried|passed)|was (?:agreed|adjourned)|adjourned|agreed to|follow[- ]up|seconded)\b/i,
      ),
    ],
  },
  {
    name: 'form',
    aliases: ['application form', 'questionnaire', 'survey', 'application', 'registration'],
    cues: [
      cue(4, /\b(?:form|questionnaire|application form|registration|survey|antrag|formular)\b/i, 'head'),
      cue(3, /_{4,}[\s\S]*_{4,}|\.{6,}[\s\S]*\.{6,}|[☐□▢][\s\S]*[☐□▢]/),
      cue(
        2,
        /\b(?:please (?:print|complete|fill|tick|check)|signature|date of birth|for office use only|mark all that apply|applicant)\b/i,
      ),
    ],
  },
];
