import { expect, test } from 'vitest';
import { jsonIn, wholeJson } from '../../src/inference/models/json.ts';

const value = { city: 'Oban', tags: ['a', 'b'], degrees: null };
const json = JSON.stringify(value);

test.each([
  ['as it is', json],
  ['after thoughts', `<think>Is it {"city":"Oban"}?</think>\n${json}`],
  ['in a code fence', `Here you are:\n\`\`\`json\n${json}\n\`\`\`\nAnything else?`],
  ['in one of several fences', `\`\`\`sh\nls\n\`\`\`\nand\n\`\`\`\n${json}\n\`\`\``],
  ['between prose with brackets', `As said in [1], it is {city}: ${json} (see [2]).`],
  ['with commas before closing brackets', '{"city": "Oban", "tags": ["a", "b",], "degrees": null,}'],
  ['with comments', '{"city": "Oban", // the port\n"tags": ["a", /* and */ "b"], "degrees": null}'],
  ['with single quotes and Python’s words', "{'city': 'Oban', 'tags': ['a', 'b'], 'degrees': None}"],
  ['with keys without quotes', '{city: "Oban", tags: ["a", "b"], degrees: null}'],
  ['with typographic quotes', '{“city”: “Oban”, “tags”: [“a”, “b”], “degrees”: null}'],
  ['as a statement', `${json};`],
])('a value %s', (_how, text) => {
  expect(JSON.parse(jsonIn(text))).toEqual(value);
});

test('line breaks and unknown escapes in strings', () => {
  expect(JSON.parse(jsonIn('{"a": "one\ntwo", "b": "it\\\'s \\u00e4", "c": "\\_"}'))).toEqual({
    a: 'one\ntwo',
    b: "it's ä",
    c: '_',
  });
});

test.each([
  ['in a string', '{"city": "Ob'],
  ['after a value', '{"city": "Oban", "tags": ["a", "b"]'],
  ['after a whole part', '{"tags": ["a", "b"], "city": '],
  ['in a fence', 'Here:\n```json\n{"tags": ["a"], "city": "O'],
  ['in an escape', '{"city": "\\u00'],
])('what was cut off %s is not completed, nor is a part of it taken for the whole', (_where, text) => {
  expect(jsonIn(text)).toBe(text);
});

test.each(['no value at all', '{"a" 1}', '{"a": 1 "b": 2}', '[1 2]', '{"a": wrong}', '{1: 2}'])(
  'what cannot be understood stays as it is: %s',
  (text) => {
    expect(jsonIn(text)).toBe(text);
  },
);

test('numbers keep their digits, and names of objects themselves are data', () => {
  expect(jsonIn('It is {"n": 12345678901234567890}.')).toBe('{"n": 12345678901234567890}');
  expect(jsonIn('{"__proto__": {"x": 1},}')).toBe('{"__proto__":{"x":1}}');
});

test('deep nesting and many brackets take no time', () => {
  const start = performance.now();
  expect(jsonIn('['.repeat(200_000))).toHaveLength(200_000);
  expect(jsonIn('[x '.repeat(200_000))).toHaveLength(600_000);
  expect(performance.now() - start).toBeLessThan(1000);
});

test.each([
  ['among prose', (json: string) => `Here you are: ${json} (done)`],
  ['in a fence', (json: string) => `\`\`\`json\n${json}\n\`\`\``],
])('a fence within a string of a value %s is part of it', (_where, around) => {
  const text = around('{"code": "so:\n```js\n{a: 1}\n```\n", "n": 1}');
  expect(JSON.parse(jsonIn(text))).toEqual({ code: 'so:\n```js\n{a: 1}\n```\n', n: 1 });
});

test('a number that is too large is not taken for nothing', () => {
  expect(jsonIn("{'n': 1e999}")).toBe("{'n': 1e999}");
});

test('a long string takes no time, whatever its quotes', () => {
  const start = performance.now();
  expect(wholeJson(`{'a': '${'x'.repeat(5_000_000)}'}`)).toHaveLength(5_000_008);
  expect(performance.now() - start).toBeLessThan(500);
});

test('only a whole text is a whole value', () => {
  expect(wholeJson("{'a': 1,}")).toBe('{"a":1}');
  expect(wholeJson('{"a": 1} and more')).toBeUndefined();
});
