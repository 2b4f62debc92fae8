/** Public names of this package. */
export {
  makeKitchenWorld,
  KitchenWorld,
  defaultCameras,
  DEFAULT_BODY,
  type KitchenOptions,
  type WorldSnapshot,
} from "./world/kitchen-world.ts";
export { SceneView } from "./world/scene-view.ts";
export { makeWorldVector, type WorldVector } from "./world/world-vector.ts";
export { ThreadedWorld } from "./world/threaded-world.ts";
export { makeWorld, type WorldRecipe } from "./world/recipe.ts";
export {
  recordEpisodes,
  type RecordOptions,
  type RecordProgress,
  type RecordSummary,
} from "./record/record-episodes.ts";
export { episodeSeed, HOLD_STEPS, runEpisode, type EpisodeOutcome } from "./record/episode.ts";
export { filmEpisodes, FILM_SIZE_PX, type Film, type FilmOptions } from "./gallery/film.ts";
export {
  conceptFilm,
  conceptSheet,
  contactSheet,
  familySheet,
  taskSheet,
  type ContactSheet,
  type ContactSheetOptions,
} from "./gallery/gallery.ts";
export { kindSheet, objectSheet } from "./gallery/objects.ts";
export {
  FAMILIES,
  SPLITS,
  TRAINING_SPLIT,
  familyNamed,
  perturbationOf,
  type Perturbation,
} from "./perturb/splits.ts";
export type { Family } from "./perturb/family.ts";
export { TASKS, taskFor, taskNamed } from "./tasks/registry.ts";
export type { Judgement, Motion, Task, TaskSetting } from "./tasks/task.ts";
export { OPERATORS, checkOperator, OperatorRun, type OperatorName } from "./operators/operator.ts";
export { Pilot } from "./operators/pilot.ts";
export { ACTION_SPACES, type ActionSpaceName, type BadActionPolicy } from "./control/action-space.ts";
export { BODIES, bodyNamed } from "./bodies/registry.ts";
export type { Body, BodySpec, CameraSize } from "./bodies/body.ts";
export { OBJECT_KINDS, kindNamed, type ObjectKind, type Trait } from "./scene/objects.ts";
export { MjcfError, Physics, type Snapshot } from "./mujoco/physics.ts";
export { RayCaster, type RayCasterOptions } from "./render/raycaster.ts";
export {
  makeRenderScene,
  setLook,
  type Light,
  type Look,
  type RenderScene,
  type Rgb,
} from "./render/scene.ts";
export type { CameraPose } from "./render/frame.ts";
export {
  CONCEPTS,
  CONCEPT_FPS,
  CONCEPT_VARIANTS,
  conceptClip,
  type ActorTruth,
  type ConceptClip,
  type ConceptVariant,
} from "./concepts/clip.ts";
export type { Concept } from "./concepts/stage.ts";
export * from "./pusht/index.ts";
