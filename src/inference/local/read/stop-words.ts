// Function words of a few languages: they tell languages apart in short texts, and they never are a topic.

const lists: Readonly<Record<string, string>> = {
  en: `the of and to a in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she
    there would their we him been has when who will no more if out so up said what its about than into them can only other time could these
    may do first any my now such like our over me even most made after also did many off before must well back through your should because
    each just those how too does both between under while where being same however shall here very since then per via`,
  de: `der die das und in zu den von mit für ist auf im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am
    sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei hatte kann gegen vom können schon
    wenn habe seine ihre dann unter wir soll ich eines jahr zwei diese dieser dieses wieder keine seinem ihm ihr uns ihnen sowie sich was
    zwischen immer sehr hier doch damit da alle ohne muss müssen sollen diesem diesen etwa bereits beim ins mir mich dir euch`,
  fr: `le la les de des du un une et à en est que qui dans pour pas au sur ne se ce il par plus avec son sa ses sont mais comme ou on nous vous
    ils elle cette été être aux leur avoir fait tout tous ces dont entre sans deux même aussi peut ont où si après très était lui bien encore
    donc alors afin ainsi notre votre nos vos chaque lors depuis cet elles je tu`,
  es: `el la los las de del un una y a en es que por para con no se lo su al como más o pero sus le ya este sí porque esta entre cuando muy sin
    sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto antes algunos qué
    unos yo otro otras otra él tanto esa estos mucho cual fue ha son ser está han puede cada así nuestro`,
  it: `il lo la i gli le di del della dei delle un una e a in è che per con non si su al da come più o ma anche nel nella sono questo questa alla
    ha dal dalla se ci quando tra essere stato sua suo loro cui dopo ogni molto fra dove degli nelle sul sulla ai agli alle hanno può`,
  pt: `o a os as de do da dos das um uma e em no na nos nas é que por para com não se ao mais como mas foi pelo pela ou ser quando muito há já
    está eu também só até isso ela entre era depois sem mesmo aos ter seus quem seu sua são pode cada esta este essa esse foram`,
  nl: `de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog wordt door naar heeft hebben over deze werd
    wel tot kan hij zij we je ze die dit meer worden geen onder moet al na zo hun was waar wat veel deze onze uw`,
  sv: `och i att det som en på är av för med den till inte om har de ett han var så från men vi kan när år ska eller där alla ut än efter upp
    vid mot också vara sina detta under sin denna hade mycket blir`,
  da: `og i at det som en på er af for med den til ikke om har de et han var så fra men vi kan når skal eller hvor alle ud efter op ved mod også
    være denne dette under sin havde meget bliver`,
  pl: `i w na z się nie do to że jest o jak po co ale za od tak przez dla czy są tym oraz jego być może tylko już ich przy jako które który która
    tego lub został będzie`,
};

const sets: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(lists).map(([language, words]) => [language, new Set(words.split(/\s+/))]),
);
const none: ReadonlySet<string> = new Set();

/** The function words of a language by its ISO 639-1 code; empty where there is no list. */
export function stopWordsOf(language: string): ReadonlySet<string> {
  return sets.get(language) ?? none;
}

/** The language whose function words make up the largest share of these words, with that share from 0 to 1. */
export function bestByStopWords(words: readonly string[]): { language: string; share: number } {
  let best = { language: 'und', share: 0 };
  for (const [language, set] of sets) {
    const share = words.length === 0 ? 0 : words.filter((word) => set.has(word)).length / words.length;
    if (share > best.share) best = { language, share };
  }
  return best;
}
