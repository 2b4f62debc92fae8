/**
 * What a report is made of. Plain data: whoever measured something says what it is and what it stood against, and
 * `renderReport` sees to how it looks. Every text is plain text (`code` in backticks is the one exception) and is
 * escaped, for names come from other people's data.
 */

export interface Report {
  readonly title: string;
  readonly subtitle?: string;
  /** The findings in one line each, before everything else. */
  readonly highlights?: readonly Highlight[];
  /** Machine, seed, command, duration: what it takes to do it again. */
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
}

/** One number that answers a question, with the number to hold it against. */
export interface Highlight {
  readonly label: string;
  /** Formatted, unit included: "23.1 dB". */
  readonly value: string;
  /** What it stands against: "copy last frame: 16.3 dB". */
  readonly against?: string;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Set in a typewriter face: commands, hashes, paths. */
  readonly isCode?: boolean;
}

export interface Section {
  readonly title: string;
  /** Paragraphs, parted by blank lines. */
  readonly text?: string;
  readonly blocks: readonly Block[];
}

export type Block = ChartBlock | TableBlock | VideoGridBlock | ImageBlock | NoteBlock;

/**
 * Who a line or row belongs to: `ours` is drawn strongest, a `baseline` is what it must beat, a `ceiling` or floor
 * is what nobody here can beat (the tokenizer's round trip).
 */
export type Role = "ours" | "baseline" | "ceiling";

export interface Series {
  readonly name: string;
  readonly role?: Role;
  readonly x: ArrayLike<number>;
  /** As many as `x`; a value that is not finite breaks the line. */
  readonly y: ArrayLike<number>;
  /** An interval around `y`, drawn as a band. */
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
}

export interface Axis {
  readonly label: string;
  /** "dB", "s", "frames"; printed after the label in brackets. */
  readonly unit?: string;
  /** `log` drops values of 0 and below. */
  readonly scale?: "linear" | "log";
  /** Begins the axis at zero, for amounts whose ratio matters. */
  readonly fromZero?: boolean;
}

export interface ChartBlock {
  readonly kind: "chart";
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly caption?: string;
}

export interface Column {
  readonly label: string;
  readonly unit?: string;
  /** Which way is good; the best entry of the column is then set in bold, whoever it belongs to. */
  readonly better?: "higher" | "lower";
  /** Digits after the point. */
  readonly digits?: number;
}

/** A number with its 95 % interval and number of trials, where they are known. */
export interface Measured {
  readonly value: number;
  readonly ci95?: readonly [low: number, high: number];
  readonly n?: number;
}

/** null prints as a dash: not measured. */
export type Cell = number | string | Measured | null;

export interface Row {
  readonly label: string;
  readonly role?: Role;
  readonly cells: readonly Cell[];
}

export interface TableBlock {
  readonly kind: "table";
  readonly title: string;
  /** Heading of the first column, which holds the row labels. */
  readonly rowHeading?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly caption?: string;
}

export interface Video {
  readonly label: string;
  /** A second, quieter line: which actions, which seed. */
  readonly detail?: string;
  /** A whole file; browsers play H.264 in mp4 everywhere. */
  readonly data: Uint8Array;
  readonly mime?: "video/mp4" | "video/webm";
}

/** Videos that play in step under one set of controls. */
export interface VideoGridBlock {
  readonly kind: "videoGrid";
  readonly title: string;
  readonly videos: readonly Video[];
  readonly caption?: string;
  /** Shows small pictures as the squares they are, instead of smoothing them. */
  readonly isPixelated?: boolean;
}

export interface ImageBlock {
  readonly kind: "image";
  readonly title: string;
  readonly data: Uint8Array;
  readonly mime: "image/png" | "image/jpeg" | "image/webp" | "image/gif";
  readonly caption?: string;
  readonly isPixelated?: boolean;
}

export interface NoteBlock {
  readonly kind: "note";
  readonly tone?: "plain" | "warning";
  readonly text: string;
  /** Lines to type into a shell. */
  readonly commands?: readonly string[];
}
