// Papers of daily life that the tests of the local model read; all people, firms and figures in them are made up.

export const papers = {
  invoice: `                                   INVOICE

Northwind Paper GmbH
Lindenallee 14
10115 Berlin, Germany
VAT ID: DE123456789

Invoice No.: INV-2026-0412
Invoice date: 12 March 2026
Customer No.: K-20871
Due date: 11 April 2026

Bill to:
Acme Robotics Ltd.
22 Harbour Street
Dublin 2, Ireland

Qty   Description                         Unit price     Amount
10    Recycled copy paper A4, 80 g          EUR 4.20     EUR 42.00
2     Laser toner, black                   EUR 89.50     EUR 179.00
1     Delivery                              EUR 9.90     EUR 9.90

Subtotal                                              EUR 230.90
VAT 19%                                               EUR 43.87
Total due                                             EUR 274.77

Please transfer the amount within 30 days to IBAN DE89 3704 0044 0532 0130 00.
Questions? Call +49 30 1234567 or write to billing@northwind.example.
`,

  complaint: `From: Laura Chen <laura.chen@example.com>
To: support@example.org
Subject: Re: Order 48213 arrived damaged
Date: Tue, 3 Mar 2026 09:14:22 +0100

Hi team,

my order 48213 arrived yesterday, but the glass top of the table is cracked in two places. The box itself was dented on one side, so I think it happened during shipping. I have attached three photos.

I would like a replacement glass top or, if that is not possible, a full refund of $249.99. We have guests on March 14, so I would be grateful if this could be solved before then.

You can reach me at (415) 555-0132 in the afternoon.

Best regards,
Laura Chen

On Mon, 2 Mar 2026, support@example.org wrote:
> Dear Laura,
> your order has been delivered. Please tell us how you like it.
`,

  german: `Stadtrat beschließt Ausbau des Radwegenetzes

Der Stadtrat von Münster hat am Mittwoch, dem 4. Februar 2026, mit großer Mehrheit den Ausbau des Radwegenetzes beschlossen. Bis zum Jahr 2030 sollen insgesamt 48 Kilometer neue Radwege entstehen, davon 12 Kilometer als Fahrradstraßen mit Vorrang vor dem Autoverkehr. Die Kosten werden auf 31,5 Mio. € geschätzt; rund 60 Prozent davon übernimmt das Land.

Oberbürgermeister Tilman Fuchs nannte den Beschluss einen wichtigen Schritt. „Wir machen das Radfahren sicherer und bequemer“, sagte er nach der Sitzung. Kritik kam von der Opposition, die den Wegfall von etwa 900 Parkplätzen in der Innenstadt bemängelte. Nach Angaben der Verwaltung werden für die betroffenen Anwohner neue Quartiersgaragen gebaut.

Der erste Bauabschnitt beginnt im Mai an der Hammer Straße. Dort wird die Fahrbahn verengt, damit auf beiden Seiten ein 2,50 Meter breiter Radweg Platz findet. Während der Bauarbeiten, die bis November dauern, wird der Autoverkehr über die Weseler Straße umgeleitet. Der Fahrradclub begrüßte die Pläne, forderte aber ein schnelleres Tempo beim Ausbau der Radwege in den Außenbezirken.
`,

  french: `Compte rendu de la réunion du conseil syndical

Le conseil syndical de la résidence des Tilleuls s'est réuni le 15 janvier 2026 pour examiner le budget de l'année et les travaux de la toiture. Trois entreprises ont remis un devis pour la réfection complète de la toiture. Le conseil a retenu la proposition de l'entreprise Martin, qui s'élève à 48 500 € et prévoit une garantie de dix ans. Les travaux commenceront en avril et dureront environ six semaines. Le syndic informera tous les copropriétaires par courrier. La prochaine réunion aura lieu le 12 mars 2026.
`,

  minutes: `# Platform team: weekly meeting

**Date:** 2026-02-17
**Present:** Anna Weber, Tom Okafor, Priya Nair
**Apologies:** Marcus Lee

## Agenda

1. Database migration
2. On-call rota
3. Any other business

## Database migration

Tom reported that the migration of the billing database to the new cluster finished on Sunday without downtime. Read latency fell from 18 ms to 7 ms. The old cluster will be kept for two weeks as a fallback and then removed.

## On-call rota

The team agreed to move from weekly to three-day shifts from March. Priya will update the calendar. Anna asked for a second person to be on call during the release of version 4.2.0.

## Action items

- [ ] Tom: remove the old cluster by 2026-03-03
- [ ] Priya: publish the new rota by Friday
- [ ] Anna: write the runbook for failover

Next meeting: 2026-02-24
`,

  contract: `CONSULTING AGREEMENT

This Consulting Agreement (the "Agreement") is entered into as of January 5, 2026 (the "Effective Date") by and between Brightwater Analytics Inc., a Delaware corporation ("Client"), and Helena Novak, an independent consultant ("Consultant").

1. Services. Consultant shall design and deliver a forecasting model for Client's warehouse operations, as described in Exhibit A. Consultant shall provide a written progress report every two weeks.

2. Compensation. Client shall pay Consultant USD 9,500 per month, payable within thirty (30) days after receipt of an invoice. Client shall reimburse reasonable travel expenses that were approved in writing in advance.

3. Term and Termination. This Agreement begins on the Effective Date and continues until June 30, 2026. Either party may terminate this Agreement upon thirty (30) days' prior written notice.

4. Confidentiality. Consultant shall not disclose Confidential Information to any third party during the term of this Agreement and for three years thereafter.

5. Ownership. All work product created under this Agreement is the sole property of Client upon full payment.

6. Governing Law. This Agreement is governed by the laws of the State of Delaware.

IN WITNESS WHEREOF, the parties have executed this Agreement as of the date first written above.
`,

  news: `Lake ferry returns after ten years

GENEVA, June 3, 2026 - The paddle steamer Aurore carried passengers across Lake Geneva again on Tuesday, ten years after it was taken out of service because of a cracked boiler. The restoration took four years and cost 14 million francs, most of it raised by a foundation of former crew members.

"We found parts that nobody had seen since 1926," said Claire Dubois, who led the work at the shipyard in Lausanne. The original steam engine was taken apart piece by piece, cleaned and rebuilt. A modern exhaust filter cuts soot emissions by 80 percent, according to the ferry company.

The ship will run twice a day between Lausanne and Evian until the end of September. Tickets cost CHF 29 for adults and CHF 12 for children. About 40,000 passengers are expected in the first season, the company said.

Environmental groups welcomed the filter but asked the company to test synthetic fuel. The company plans a trial in 2027.
`,

  form: `APPLICATION FOR A LIBRARY CARD

Please print clearly and complete all fields.

Last name: ______________________  First name: ______________________
Date of birth: ____/____/________
Street: ________________________________
Postal code / city: ____________________
Phone: ____________________

[ ] Adult   [ ] Student   [ ] Senior

I agree to the rules of the library.

Signature of applicant: ______________________  Date: ______________
`,

  letter: `Margaret Ellis
14 Rosewood Lane
Bristol BS6 5QT

2 October 2026

Dear Mr Patel,

I am writing to apply for the position of archivist that you advertised in the Evening Post. For the last six years I have looked after the records of a shipping museum, where I catalogued more than 12,000 photographs and built a searchable index for visitors.

Before that I studied history at the University of Leeds and worked for two years in the county record office. I am familiar with ISAD(G) and with the care of glass negatives.

I would welcome the chance to show you some of my work. I enclose my CV and the names of two referees.

Yours sincerely,
Margaret Ellis
`,
};
