// Kinds of document that are written for many readers, with the words that speak for each.

import { cue, type Kind } from './kind.ts';

export const publishedKinds: readonly Kind[] = [
  {
    name: 'specification',
    aliases: ['spec', 'standard', 'rfc', 'technical specification', 'technical standard', 'norm'],
    cues: [
      cue(3, /\b(?:specification|standard|rfc \d+|iso[/ ]\S*\d{3,})\b/i, 'head'),
      cue(2, /\b(?:MUST NOT|SHALL NOT|MUST|SHALL)\b[\s\S]{0,4000}\b(?:MUST|SHALL|SHOULD)\b/),
      cue(3, /\b(?:key words|keywords) ["“]?must\b|\brfc ?2119\b/i),
      cue(
        1.5,
        /\b(?:conformance|compliant|conforming|normative|grammar|abnf|semantics|terminology|wire format|interoperab)/i,
      ),
      cue(
        2,
        /^(?:specification|conformance|terminology|definitions|grammar|syntax|semantics|normative references)\b/im,
        'headings',
      ),
      cue(1, /\bthis (?:document|specification|standard|pep|memo) (?:specifies|defines|describes)\b/i),
    ],
  },
  {
    name: 'proposal',
    aliases: [
      'enhancement proposal',
      'pep',
      'design proposal',
      'design document',
      'rfp',
      'draft',
      'request',
      'change proposal',
    ],
    cues: [
      cue(4, /\b(?:proposal|enhancement proposal|request for (?:comments|proposals?))\b|^PEP:\s*\d+/im, 'head'),
      cue(
        2.5,
        /\b(?:this|the|our) (?:\w+ )?(?:proposal|proposed)\b|\b(?:is|are) proposed\b|\bwe propose\b|\b(?:pep|document|paper|rfc) proposes\b|\bI propose\b/i,
      ),
      cue(
        2,
        /^(?:motivation|rationale|rejected (?:ideas|alternatives)|alternatives(?: considered)?|proposed (?:solution|change)|proposal|open issues|backwards? compat)/im,
        'headings',
      ),
      cue(
        1.5,
        /^Status:\s*(?:draft|accepted|rejected|final|deferred|withdrawn|proposed|provisional|superseded)/im,
        'head',
      ),
      cue(1, /\b(?:budget|timeline|deliverables?|scope of work)\b/i, 'headings'),
    ],
  },
  {
    name: 'licence',
    aliases: ['license', 'terms', 'terms of service', 'eula', 'terms and conditions'],
    cues: [
      cue(5, /\b(?:licen[cs]e|terms (?:of (?:service|use)|and conditions)|eula)\b/i, 'head'),
      cue(
        5,
        /\bpermission is hereby granted\b|\bredistribution and use in source and binary forms\b|\bgrants? (?:to )?you a\b[\s\S]{0,80}\blicen[cs]e\b|\bpermission to use, copy, modify\b/i,
      ),
      cue(4, /["“”]?as[ -]is["“”]?,? (?:basis,? )?without (?:any )?warrant/i),
      cue(
        1.5,
        /\b(?:licensor|licensee|sublicen[cs]e|merchantability|fitness for a particular purpose|copyright holders?)\b/i,
      ),
    ],
  },
  {
    name: 'readme',
    aliases: ['read me', 'project readme', 'software documentation', 'package'],
    cues: [
      cue(5, /\bread ?me\b/i, 'head'),
      cue(4, /\[!\[|img\.shields\.io|badge\.svg|badge\.fury/i),
      cue(
        3.5,
        /^[ \t]*(?:\$ )?(?:npm (?:i|install|add)|pnpm (?:add|install)|yarn add|pip install|cargo (?:add|install)|go get|brew install|gem install|docker (?:run|pull)|git clone)\b/m,
      ),
      cue(
        2.5,
        /^(?:installation|install|installing|usage|quick ?start|getting started|contributing|licen[cs]e|features|api|example|examples)\b/im,
        'headings',
      ),
      cue(1, /\bgithub\.com\//i),
    ],
  },
  {
    name: 'manual',
    aliases: [
      'guide',
      'documentation',
      'tutorial',
      'how-to',
      'howto',
      'handbook',
      'instructions',
      'user guide',
      'style guide',
      'reference',
      'docs',
      'runbook',
      'cookbook',
      'recipe',
    ],
    cues: [
      cue(
        5,
        /\b(?:user'?s? guide|style guide|guide(?:lines?)?|manual|handbook|tutorial|how[- ]to|instructions|cookbook|runbook|reference guide|documentation)\b/i,
        'head',
      ),
      cue(
        1.5,
        /\b(?:step \d|follow(?:ing)? (?:these )?steps|press the|click (?:on )?|make sure (?:that )?|you (?:can|should|must|will need to))\b/i,
      ),
      cue(
        1.5,
        /^(?:getting started|prerequisites|requirements|troubleshooting|before you (?:begin|start)|configuration|setup|how to\b.*|step \d.*|safety|maintenance|operation|faq)/im,
        'headings',
      ),
      cue(
        1.5,
        /^[ \t]*\d+[.)]\s+(?:open|click|press|select|enter|choose|install|run|create|remove|turn|connect|add|go to|mix|insert|set)\b/im,
      ),
    ],
  },
  {
    name: 'report',
    aliases: [
      'analysis',
      'study',
      'postmortem',
      'post-mortem',
      'incident report',
      'annual report',
      'audit',
      'assessment',
      'white paper',
    ],
    cues: [
      cue(5, /\b(?:report|post-?mortem|audit|assessment|survey results|status update|findings)\b/i, 'head'),
      cue(
        2,
        /^(?:executive summary|findings|key findings|results|methodology|methods|recommendations|root cause|impact|timeline|analysis|conclusions?|lessons learned|action items)\b/im,
        'headings',
      ),
      cue(
        1.5,
        /\b(?:this report|in the (?:first|second|third|fourth) quarter|fiscal year|year[- ]over[- ]year|compared (?:to|with) (?:last|the previous)|revenue (?:grew|rose|fell)|root cause)\b/i,
      ),
      cue(1, /\b(?:figure|table) \d+\b/i),
    ],
  },
  {
    name: 'article',
    aliases: [
      'news',
      'blog',
      'blog post',
      'post',
      'essay',
      'paper',
      'research paper',
      'story',
      'press release',
      'newsletter',
      'column',
      'news article',
    ],
    cues: [
      cue(
        3,
        /\b(?:press release|for immediate release|newsletter|opinion|essay|blog|by [A-Z][a-z]+ [A-Z][a-z]+\s*$)/im,
        'head',
      ),
      cue(
        2,
        /\b(?:told reporters|said (?:on|in|that|the|Mr|Ms)|according to|spokes(?:man|woman|person)|researchers|announced|published in)\b/i,
      ),
      cue(
        1.5,
        /^(?:abstract|introduction|related work|methods?|results|discussion|conclusions?|references)\b/im,
        'headings',
      ),
      cue(1, /["“][^"”]{20,300}["”],? (?:says?|said|told|wrote|adds?|added)\b|\b(?:says?|said),? ["“]/),
      cue(1, /\bet al\b|\bdoi\b|\barxiv\b/i),
      cue(
        1.5,
        /[“"»](?:,)? (?:sagte|so|erklärte|a déclaré|a dit|selon|dijo|según)\b|\bnach Angaben\b|\bselon (?:le|la|les|un|une)\b|\bsegún\b/i,
      ),
    ],
  },
  {
    name: 'changelog',
    aliases: ['change log', 'release notes', 'release', 'history', 'whats new', 'what is new', 'update'],
    cues: [
      cue(6, /\b(?:change ?log|release notes|what'?s new|change history)\b/i, 'head'),
      cue(
        4,
        /^(?:#+\s*|version |v)?\[?v?\d+\.\d+(?:\.\d+)?\S*\]?\s*[-–(/]*\s*\(?(?:\d{4}-\d{2}-\d{2}|unreleased|[A-Z][a-z]+ \d)/im,
      ),
      cue(
        2,
        /^(?:added|changed|fixed|removed|deprecated|security|bug fixes|breaking changes|features|patch changes|minor changes|major changes|performance)\b/im,
        'headings',
      ),
      cue(
        2.5,
        /^(?:v|version )?\d+\.\d+(?:\.\d+)?\b[\s\S]*^(?:v|version )?\d+\.\d+(?:\.\d+)?\b[\s\S]*^(?:v|version )?\d+\.\d+(?:\.\d+)?\b/im,
        'headings',
      ),
    ],
  },
];
