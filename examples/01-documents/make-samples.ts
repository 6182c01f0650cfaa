// Makes the samples that cannot be written by hand: `node examples/01-documents/make-samples.ts`. The result is always the same.

import { writeFileSync } from 'node:fs';
import { strToU8, zipSync } from 'fflate';
import { PDFDocument, StandardFonts } from 'pdf-lib';

const MADE_AT = new Date('2026-03-01T08:00:00Z');

await makeInvoice();
makeLetter();

/** An invoice with two pages of text. */
async function makeInvoice(): Promise<void> {
  const pdf = await PDFDocument.create();
  pdf.setTitle('Invoice INV-2041');
  pdf.setAuthor('Gauge Works Ltd');
  pdf.setCreationDate(MADE_AT);
  pdf.setModificationDate(MADE_AT);
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const pages = [
    [
      'Gauge Works Ltd',
      'Invoice INV-2041',
      'Date: 12 March 2026',
      'Bill to: Harbour Authority of Bergen',
      'Three pressure gauges PG-7 at EUR 1,280.50 each: EUR 3,841.50',
      'Packing and freight: EUR 120.00',
      'Total due: EUR 3,961.50 by April 15, 2026',
    ],
    [
      'Terms of payment',
      'Please pay the total to the account below within 30 days.',
      'Questions go to accounts@gauges.example.',
    ],
  ];
  for (const lines of pages) {
    const page = pdf.addPage([595, 842]);
    lines.forEach((line, index) => page.drawText(line, { x: 60, y: 770 - index * 24, size: 12, font }));
  }
  writeFileSync(new URL('./samples/invoice.pdf', import.meta.url), await pdf.save());
}

/** A letter: the smallest set of parts that makes a Word document. */
function makeLetter(): void {
  const paragraphs = [
    'Gauge Works Ltd, Hamburg',
    '20 March 2026',
    'Dear Ms Lind,',
    'thank you for your order of three pressure gauges. They left our workshop this morning and will reach Bergen on 27 March 2026.',
    'The older PG-5 can be calibrated here. It takes about two weeks and costs EUR 210.00 for each gauge, freight included.',
    'Please find the test report of each gauge in its box. If a value is out of range, write to service@gauges.example.',
    'Yours sincerely',
    'Daniel Okafor',
  ];
  const body = paragraphs.map((text) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`).join('');
  const parts = {
    '[Content_Types].xml':
      '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    '_rels/.rels':
      '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    'docProps/core.xml':
      '<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Delivery of three gauges</dc:title></cp:coreProperties>',
    'word/document.xml': `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
  };
  const files = Object.fromEntries(Object.entries(parts).map(([name, xml]) => [name, strToU8(xml)]));
  writeFileSync(new URL('./samples/letter.docx', import.meta.url), zipSync(files, { mtime: MADE_AT }));
}
