/** Instructions as the token ids of a backbone's own tokenizer. */
import { DataError, messageOf } from "@orrery/core";
import { Tokenizer } from "@huggingface/tokenizers";
import type { BackboneFolder } from "./folder.ts";

export interface WordIds {
  /** Ids of a text, special tokens included, at most `maxTokens`. */
  encode(text: string): number[];
}

/**
 * @param padded whether every text is filled up to `maxTokens`, as SigLIP's were in training
 * @throws {DataError} if the tokenizer's files cannot be used
 */
export function makeWordIds(
  { tokenizer, path, text }: BackboneFolder,
  { maxTokens, isPadded }: { readonly maxTokens: number; readonly isPadded: boolean },
): WordIds {
  if (tokenizer === null) {
    throw new DataError(
      `openBackbone: ${path} holds a text tower but no tokenizer.json to read words with. Put the model's tokenizer files beside it.`,
      { path },
    );
  }
  let made: Tokenizer;
  try {
    made = new Tokenizer(tokenizer.model, tokenizer.config);
  } catch (cause) {
    throw new DataError(`openBackbone: the tokenizer of ${path} cannot be used (${messageOf(cause)}).`, {
      path,
      cause,
    });
  }
  const pad = text.pad_token_id ?? 1;
  return {
    encode(words) {
      // A word outside the vocabulary of a tokenizer without an unknown token has no id: it can't be read.
      const ids = (made.encode(words).ids as (number | undefined)[]).filter((id) => id !== undefined);
      // The last token says that the text ends; a text cut short keeps it.
      const kept = ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ids.at(-1) as number];
      return isPadded ? [...kept, ...Array.from({ length: maxTokens - kept.length }, () => pad)] : kept;
    },
  };
}
