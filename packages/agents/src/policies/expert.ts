/**
 * The scripted operator as a policy: the upper end of the scale. It reads the true scene of the world it acts in, which
 * no other policy may, so it is built with that world and must act in no other.
 */
import { makeRng, UsageError, type Decision, type Policy, type World } from "@orrery/core";
import { KitchenWorld, OperatorRun, Pilot, PushTExpert, PushTWorld } from "@orrery/sim";

/**
 * The expert of a world.
 * @throws {UsageError} for a world that has none
 */
export function expertFor(world: World): Policy {
  if (world instanceof KitchenWorld) return new KitchenExpert(world);
  if (world instanceof PushTWorld) return new BoardExpert(world);
  throw new UsageError(
    `expertFor: the world must be a kitchen or PushT with its own goal, got one of the body "${world.embodiment.name}". ` +
      "Leave the expert out there.",
  );
}

class KitchenExpert implements Policy {
  readonly name = "expert";
  readonly #world: KitchenWorld;
  #run: OperatorRun | null = null;
  #pilot: Pilot | null = null;

  constructor(world: KitchenWorld) {
    this.#world = world;
  }

  /** Call after the world's own `reset`: the script is that of its present scene. */
  async reset(seed: number): Promise<void> {
    const { setting, view, actionSpace, spec, ik, command } = this.#world;
    this.#run = new OperatorRun("expert", setting, view, makeRng(seed, "operator", "expert"));
    this.#pilot = new Pilot(actionSpace, { spec, ik }, command);
  }

  async act(): Promise<Decision> {
    if (this.#run === null || this.#pilot === null) {
      throw new UsageError("expert.act: call reset first, the script follows the scene.");
    }
    const { command } = this.#world;
    return { actions: [this.#pilot.translate(this.#run.next(), command)], belief: {} };
  }

  async close(): Promise<void> {
    this.#run = null;
    this.#pilot = null;
  }
}

/** PushT's expert speaks of targets; the world may take moves. */
class BoardExpert implements Policy {
  readonly name = "expert";
  readonly #world: PushTWorld;
  readonly #expert: PushTExpert;

  constructor(world: PushTWorld) {
    this.#world = world;
    this.#expert = new PushTExpert(world);
  }

  reset(seed: number): Promise<void> {
    return this.#expert.reset(seed);
  }

  async act(): Promise<Decision> {
    const { actions, belief } = await this.#expert.act();
    return { actions: actions.map((target) => this.#world.actionFor(target)), belief };
  }

  close(): Promise<void> {
    return this.#expert.close();
  }
}
