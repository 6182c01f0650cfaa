// Words that commonly stand for a category, so that an enum value such as `billing` is recognised where the text says
// "refund".

const senses: Readonly<Record<string, string>> = {
  billing: 'invoice bill charge charged payment pay paid refund subscription price credit card overcharged receipt',
  payment: 'pay paid payment charge card transfer bank refund invoice',
  refund: 'refund refunded money back return reimburse',
  technical:
    'error bug crash crashes crashed fail fails failed install broken exception server software update bug timeout',
  support: 'help support assistance problem issue error question',
  account: 'account login password username sign profile locked reset register',
  access: 'access login password permission locked denied',
  shipping: 'ship shipped shipping delivery deliver delivered package parcel courier tracking arrive arrived',
  delivery: 'delivery deliver delivered shipping shipped package parcel courier arrive',
  complaint: 'complaint complain unhappy disappointed terrible unacceptable angry poor worst broken refund',
  praise: 'thank thanks great excellent love wonderful amazing happy perfect',
  question: 'how what when where why could would question wondering ask',
  bug: 'bug error crash broken fails failure exception wrong regression',
  feature: 'feature request add support would like wish improve enhancement',
  spam: 'winner prize free click offer viagra lottery unsubscribe congratulations',
  sales: 'sales sell buy purchase quote pricing demo customer order discount offer',
  marketing: 'marketing campaign brand advertising audience social promotion launch',
  legal: 'legal law contract agreement licence license liability court clause copyright attorney party',
  finance: 'finance financial revenue profit budget bank investment loan cost tax market shares stock',
  business: 'business company market revenue customer sales profit executive merger',
  hr: 'employee hiring salary vacation leave candidate interview benefits staff recruitment',
  security: 'security vulnerability attack password breach exploit encryption malware authentication',
  health: 'health medical patient doctor hospital disease treatment clinical drug medicine symptoms',
  science: 'science research study experiment scientists physics biology chemistry theory',
  technology: 'technology software computer internet data digital device app code programming system network',
  engineering: 'engineering design system implementation code architecture build deploy module',
  sports: 'game match team player season league coach score win goal championship',
  politics: 'government election president minister parliament vote policy party senate law',
  education: 'school student teacher university course learning education class exam',
  travel: 'travel flight hotel trip airport booking passenger tourist destination',
  entertainment: 'film movie music actor show album song series concert',
  environment: 'climate environment carbon emissions energy pollution forest wildlife renewable',
  urgent: 'urgent urgently immediately asap emergency critical outage down deadline today',
  critical: 'critical urgent emergency outage severe down fatal blocker',
  high: 'urgent important immediately asap critical serious severe deadline',
  low: 'minor whenever trivial cosmetic sometime convenience',
  internal: 'internal team colleagues intranet employees confidential',
  confidential: 'confidential secret private restricted nda proprietary',
  public: 'public published announcement press release',
};

/** Words that speak for a category name (one lower-case word); empty where the name is not known. */
export function wordsFor(category: string): string[] {
  const own = senses[category] ?? senses[category.replace(/s$/, '')];
  return own === undefined ? [] : own.split(' ');
}
