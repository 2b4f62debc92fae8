/** Where a flywheel keeps what. */
import { join } from "node:path";
import { TRIALS } from "../registry/trials.ts";

export interface Places {
  readonly root: string;
  /** What operators did, one dataset per task and operator. */
  start(task: string, operator: string): string;
  /** What the fleet did in a round. */
  fleet(round: number): string;
  fleetLog(round: number): string;
  mixture(round: number): string;
  selection(round: number): string;
  release(name: string): string;
  readonly trials: string;
}

export function placesIn(root: string): Places {
  const inRound = (round: number, name: string): string => join(root, "rounds", `${round}`, name);
  return {
    root,
    start: (task, operator) => join(root, "store", `${task}-${operator}`),
    fleet: (round) => join(root, "store", `fleet-${round}`),
    fleetLog: (round) => inRound(round, "fleet"),
    mixture: (round) => inRound(round, "mixture.json"),
    selection: (round) => inRound(round, "selection.jsonl"),
    release: (name) => join(root, "releases", name),
    trials: join(root, TRIALS),
  };
}
