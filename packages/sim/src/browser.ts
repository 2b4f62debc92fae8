/**
 * What of this package also runs in a browser: worlds, pictures, operators and concept scenes, but no threads and no
 * files. Nothing reachable from here imports a `node:` module; a test walks the imports. The page's bundler must serve
 * MuJoCo's `.wasm` file beside its module.
 */
export {
  makeKitchenWorld,
  KitchenWorld,
  defaultCameras,
  DEFAULT_BODY,
  type KitchenOptions,
  type WorldSnapshot,
} from "./world/kitchen-world.ts";
export { makeWorld, type WorldRecipe } from "./world/recipe.ts";
export { SceneView } from "./world/scene-view.ts";
export { PushTWorld, type PushTOptions } from "./pusht/world.ts";
export { episodeSeed, runEpisode, type EpisodeOutcome } from "./record/episode.ts";
export { FAMILIES, SPLITS, TRAINING_SPLIT, perturbationOf, type Perturbation } from "./perturb/splits.ts";
export { TASKS, taskNamed } from "./tasks/registry.ts";
export type { Judgement, Task, TaskSetting } from "./tasks/task.ts";
export { OPERATORS, OperatorRun, checkOperator, type OperatorName } from "./operators/operator.ts";
export { Pilot } from "./operators/pilot.ts";
export { ACTION_SPACES, type ActionSpaceName, type BadActionPolicy } from "./control/action-space.ts";
export { BODIES, bodyNamed } from "./bodies/registry.ts";
export type { Body, BodySpec, CameraSize } from "./bodies/body.ts";
export { MjcfError, Physics, type Snapshot } from "./mujoco/physics.ts";
export { RayCaster, type RayCasterOptions } from "./render/raycaster.ts";
export { makeRenderScene, type Light, type Look, type RenderScene } from "./render/scene.ts";
export type { CameraPose } from "./render/frame.ts";
export { CONCEPTS, CONCEPT_FPS, CONCEPT_VARIANTS, conceptClip, type ConceptClip } from "./concepts/clip.ts";
