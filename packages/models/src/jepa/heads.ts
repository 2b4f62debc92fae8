/**
 * What can be read off an embedding: proprioception, and, for a task in words, reward and success.
 *
 * The words are looked up once in the picture that was last observed (`reader.ts`); what they find (which thing is meant,
 * and where) goes with the stream as its task. A future is then judged by its embedding and that task alone, at the price
 * of a small network.
 *
 * Shapes: B streams, D numbers of an embedding, P state width, G numbers of a task.
 */
import { Linear, MLP, Module, type Generator, type Tensor } from "@orrery/torch";
import type { JepaNetConfig } from "./config.ts";

export interface Outcome {
  /** Normalised reward of the control step that led here, [..]. */
  readonly reward: Tensor;
  readonly successLogit: Tensor; // [..]
}

/** How a moment is to be judged for a task. */
export class OutcomeHead extends Module {
  readonly embeddingIn: Linear;
  readonly taskIn: Linear;
  readonly mlp: MLP;

  constructor({ embedding, task, heads }: JepaNetConfig, generator: Generator) {
    super();
    const { width } = heads;
    this.embeddingIn = new Linear(embedding, width, generator);
    this.taskIn = new Linear(task.width, width, generator);
    this.mlp = new MLP([width, width, 2], generator, { outStd: 0 });
  }

  /** @param task from `ofTask`, broadcasting to the embedding's leading dimensions */
  forward(embedding: Tensor, task: Tensor): Outcome {
    const h = this.embeddingIn.forward(embedding).float().add(task).gelu();
    const out = this.mlp.forward(h).float();
    return { reward: out.select(-1, 0), successLogit: out.select(-1, 1) };
  }

  /** The task's part of the first layer, [.., heads.width]: computed once for all futures of a stream. */
  ofTask(task: Tensor): Tensor {
    return this.taskIn.forward(task).float();
  }
}

/** Normalised proprioception [.., P] when the task will be done, from what the words found [.., G]; see hindsight.ts. */
export class GoalHead extends MLP {
  constructor({ task, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    super([task.width, heads.width, stateWidth], generator, { outStd: 0 });
  }
}

/** Normalised proprioception [.., P] from embeddings [.., D]. */
export class StateHead extends MLP {
  constructor({ embedding, heads }: JepaNetConfig, stateWidth: number, generator: Generator) {
    super([embedding, heads.width, stateWidth], generator, { outStd: 0 });
  }
}
