/**
 * What a fleet has done so far, one small file per home, so that a stopped fleet goes on where it was. An episode that
 * is recorded but not yet in the dataset lies under `recording`; the note of it says where.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError, messageOf, type Embodiment } from "@orrery/core";
import { writeJsonAtomic } from "@orrery/core/node";
import type { RecordedEpisode } from "@orrery/data";
import type { FleetOrder, FleetOutcome } from "./messages.ts";

/** One home: an episode, or why there is none. */
export interface FleetNote extends FleetOrder {
  readonly outcome: FleetOutcome | null;
  /** Folder name under `recording`, and what the writer needs to know of it. */
  readonly recorded: RecordedEpisode | null;
  /** Why the home was given up; null where it was not. */
  readonly lost: string | null;
  /** How often its robot died or fell silent first. */
  readonly silent: number;
  readonly died: number;
}

export class FleetLog {
  readonly #folder: string;
  readonly #notes = new Map<number, FleetNote>();

  /** @throws {DataError} if a note is damaged */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(this.recordingFolder, { recursive: true });
    mkdirSync(join(folder, "homes"), { recursive: true });
    for (const name of readdirSync(join(folder, "homes"))) {
      if (!name.endsWith(".json")) continue;
      const note = readNote(join(folder, "homes", name));
      this.#notes.set(note.index, note);
    }
    this.#dropHalfRecordings();
  }

  /** Where robots record. */
  get recordingFolder(): string {
    return join(this.#folder, "recording");
  }

  /** In order of the homes. */
  get notes(): readonly FleetNote[] {
    return [...this.#notes.values()].toSorted((a, b) => a.index - b.index);
  }

  has(index: number): boolean {
    return this.#notes.has(index);
  }

  add(note: FleetNote): void {
    writeJsonAtomic(join(this.#folder, "homes", `${note.index}.json`), note);
    this.#notes.set(note.index, note);
  }

  /** The body that the fleet's rows are of; kept, because a resumed fleet may have no robot left to ask. */
  get embodiment(): Embodiment | null {
    const path = join(this.#folder, "embodiment.json");
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Embodiment) : null;
  }

  keepEmbodiment(embodiment: Embodiment): void {
    if (this.embodiment === null) writeJsonAtomic(join(this.#folder, "embodiment.json"), embodiment);
  }

  /** Where an episode waits for the dataset; null once it has been taken over. */
  waiting({ recorded }: FleetNote): RecordedEpisode | null {
    if (recorded === null) return null;
    const folder = join(this.recordingFolder, basename(recorded.folder));
    return existsSync(join(folder, "episode.json")) ? { ...recorded, folder } : null;
  }

  /** Once all is in the dataset: what is left there is of robots that were lost. */
  clearRecordings(): void {
    rmSync(this.recordingFolder, { recursive: true, force: true });
  }

  /** What a robot was recording when it died belongs to no note. */
  #dropHalfRecordings(): void {
    const kept = new Set(this.notes.flatMap(({ recorded }) => (recorded ? [basename(recorded.folder)] : [])));
    for (const name of readdirSync(this.recordingFolder)) {
      if (!kept.has(name)) rmSync(join(this.recordingFolder, name), { recursive: true, force: true });
    }
  }
}

function readNote(path: string): FleetNote {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as FleetNote;
  } catch (cause) {
    throw new DataError(
      `fleet: ${path} must be the note of a home as JSON (${messageOf(cause)}). Delete it to send a robot there again.`,
      { path, cause },
    );
  }
}
