/** MuJoCo's WebAssembly module, loaded once per thread. */
import loadMujoco, { type MainModule } from "@mujoco/mujoco";

export type MujocoModule = MainModule;

let loading: Promise<MujocoModule> | undefined;

/** The module of this thread; the first call takes 150 to 550 ms, later ones none. */
export function loadMujocoOnce(): Promise<MujocoModule> {
  loading ??= loadMujoco();
  return loading;
}
