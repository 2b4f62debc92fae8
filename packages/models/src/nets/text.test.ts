import { makeRng } from "@orrery/core";
import { AdamW, crossEntropy, Generator, Linear, noGrad, scope, tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { distance } from "../testing.ts";
import { buildVocabulary, TextEncoder, wordsOf } from "./text.ts";

const config = { width: 32, depth: 1, headWidth: 16, maxWords: 6, buckets: 8 };
const vocabulary = buildVocabulary(["Reach for the red cup.", "touch the BLUE bowl!"]);

function makeEncoder(seed = 0): TextEncoder {
  return new TextEncoder(config, vocabulary, new Generator(seed));
}

test("words are lower case, without punctuation and accents, and the vocabulary is in order", () => {
  expect(wordsOf("Touch the Café's 2nd cup — now!")).toEqual([
    "touch",
    "the",
    "cafe",
    "s",
    "2nd",
    "cup",
    "now",
  ]);
  expect(wordsOf("")).toEqual([]);
  expect(vocabulary).toEqual(["blue", "bowl", "cup", "for", "reach", "red", "the", "touch"]);
});

test("known words have tokens of their own, unknown ones the same bucket each time", () => {
  const encoder = makeEncoder();
  const { ids, isToken } = encoder.tokenize(["the red cup", "zebra", "zebra the", ""]);
  const rows = ids.toArray() as number[][];
  const at = (word: string): number => 2 + config.buckets + vocabulary.indexOf(word);
  expect(rows[0]).toEqual([1, at("the"), at("red"), at("cup")]);
  const bucket = rows[1]?.[1] as number;
  expect(bucket).toBeGreaterThanOrEqual(2);
  expect(bucket).toBeLessThan(2 + config.buckets);
  expect(rows[2]).toEqual([1, bucket, at("the"), 0]);
  expect(isToken.sum(1).toArray()).toEqual([4, 2, 3, 1]);
  expect(encoder.unknownWords("the zebra cup")).toEqual(["zebra"]);
});

test("a text means the same beside a longer one, and words beyond the limit are cut off", () => {
  const encoder = makeEncoder();
  const summaryOf = (...texts: string[]) => noGrad(() => encoder.read(texts).summary.narrow(0, 0, 1));
  const alone = summaryOf("the red cup");
  // Sums in another order: a few units in the last place.
  expect(distance(alone, summaryOf("the red cup", "touch the blue bowl now and then"))).toBeLessThan(1e-5);
  expect(distance(alone, summaryOf("the red bowl"))).toBeGreaterThan(1e-3);
  expect(distance(summaryOf("a b c d e f"), summaryOf("a b c d e f g h"))).toBe(0);
});

test("repeated texts are read once and given to each", () => {
  const encoder = makeEncoder();
  const { summary, tokens, isToken } = noGrad(() => encoder.read(["red", "blue cup", "red"]));
  expect([summary.shape, tokens.shape, isToken.shape]).toEqual([
    [3, 32],
    [3, 3, 32],
    [3, 3],
  ]);
  expect(distance(summary.select(0, 0), summary.select(0, 2))).toBe(0);
  expect(distance(summary.select(0, 0), summary.select(0, 1))).toBeGreaterThan(1e-3);
});

test("in training some known words are read as unknown", () => {
  const encoder = makeEncoder();
  const unknown = { rng: makeRng(1), share: 0.5 };
  const texts = Array.from({ length: 50 }, () => "the red cup");
  const ids = encoder.tokenize(texts, unknown).ids.narrow(1, 1, 3);
  const hidden = ids
    .lt(2 + config.buckets)
    .float()
    .mean()
    .item();
  expect(hidden).toBeGreaterThan(0.35); // 0.5 within 3.7 deviations of 150 draws
  expect(hidden).toBeLessThan(0.65);
});

test("learns which word matters, whatever the wording", () => {
  const encoder = makeEncoder();
  const head = new Linear(32, 2, new Generator(1));
  const texts = [
    "reach for the red cup",
    "touch the red bowl",
    "reach for the blue bowl",
    "touch the blue cup",
  ];
  const target = tensor([0n, 0n, 1n, 1n]);
  const optimizer = new AdamW([...encoder.namedParameters(), ...head.namedParameters()], { lr: 3e-3 });
  const loss = () => crossEntropy(head.forward(encoder.read(texts).summary), target);
  const first = noGrad(() => loss().item());
  for (let step = 0; step < 60; step++) {
    scope(() => {
      optimizer.zeroGrad();
      loss().backward();
    });
    optimizer.step();
  }
  expect(noGrad(() => loss().item())).toBeLessThan(0.1 * first);
  // A wording it never saw.
  const logits = noGrad(() => head.forward(encoder.read(["reach the red", "reach the blue"]).summary));
  expect(logits.argmax(1).toArray()).toEqual([0, 1]);
});
