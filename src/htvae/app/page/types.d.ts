// What the report's JSON holds (htvae/app/payload.py) and what the page makes of it. For tsc only.

type Span = [start: number, stop: number];
type ClassSpan = [start: number, stop: number, index: number];

interface Finding { level: "good" | "fault" | "note"; text: string; advice: string }
interface Verdict {
  level: "good" | "fair" | "poor" | "unknown"; headline: string; sentence: string; findings: Finding[];
}
interface BodyPlan { landmarks: string[]; sides: number[]; edges: [number, number][]; parents: number[]; coordinates: number; unit: string }
interface Recording {
  name: string; label: number; subject: number; split: string; columns: string[]; fps: number | null;
  first: number; frames: number; rate: number; count: number; scale: number;
  labels: ClassSpan[]; motifs: ClassSpan[]; activities: ClassSpan[]; error: number | null;
  maps: Record<string, [number, number]>; poses: string; lanes: string;
}
interface Motif {
  id: string; name: string; share: number; bouts: number; recordings: number; medianSeconds: number;
  lift: [number, number] | null; clip: [number, number, number] | null;
}
interface Generated { name: string; label: number; rate: number; count: number; scale: number; poses: string }
interface Sliders {
  directions: { name: string; text: string; share: number }[];
  steps: number[]; rate: number; count: number; scale: number; block: string;
}
interface GroupRow {
  measure: string; unit: string; between: string; difference: number | null; effect: number | null;
  low: number | null; high: number | null; p: number | null; q: number | null; landmark: string; unreliable: boolean;
}
interface Completion {
  recording: number; shown: Span; hidden: Span; what: string; landmarks: number[]; length: number;
  error: number | null; linear: number | null; inside: number | null; band: boolean;
  rate: number; count: number; scale: number; block: string;
}
interface Attention { stages: string[]; counts: number[]; widths: number[]; step: number; block: string }
interface Activity {
  id: string; share: number; bouts: number; recordings: number; medianSeconds: number;
  motifs: [motif: number, share: number][]; lift: [number, number] | null; clip: [number, number, number] | null;
}
interface Bodies { captions: string[]; rate: number; count: number; scale: number; block: string }
interface GroupScene {
  title: string; note: string; names: string[]; landmarks: number[]; distance: number | null; bodies: Bodies[];
}
type Cell = string | number | boolean | null;
interface Table { name: string; title: string; columns: string[]; rows: Cell[][] }
interface Payload {
  format: number; title: string; subtitle: string;
  made: { program: string; date: string; command: string; seed: number | null };
  notes: string[]; verdict: Verdict; body: BodyPlan;
  labels: string[]; subjects: string[]; columns: string[]; recordings: Recording[];
  lanes: { error: number; speed: number; surprise: number; threshold: number };
  moments: { count: number; seconds: number; maps: string[]; block: string };
  windows: { every: number; length: number; features: number; counts: number[]; step: number; block: string };
  motifs: Motif[]; activities: Activity[]; transitions: number[][] | null; generated: Generated[]; sliders: Sliders | null;
  groups: { by: string; text: string[]; rows: GroupRow[]; scenes: GroupScene[] } | null;
  completion: Completion[] | null; attention: Attention | null;
  tables: Table[]; method: { title: string; lines: string[] }[];
  live?: Live | null;
}
/** What only the live page has (htvae/app/live). */
interface Live {
  token: string; video: boolean[]; offsets: number[]; canGenerate: boolean; labels: string[]; towards: string[];
  /** Labels of spans, which scripts are made of. */
  scripted: string[];
  detectors: string[]; frame: number[];
}

/** Packed poses, unpacked. Position 0 lies at source frame `first`; `perFrame` positions lie in one source frame. */
interface Clip {
  count: number; landmarks: number; coordinates: number; scale: number; first: number; perFrame: number;
  reconstruction: Int16Array; recording: Int16Array | null; seen: Uint8Array | null;
}
/** Poses from the live server; `begins`: source frame of pose 0, null where they are of no recording. `given` (F, L): 1 where a point was given,
 * 0 where the model made it; `low` and `high` (F, L, D): where a made point may lie. */
interface LiveClip extends Clip {
  given: Uint8Array | null; low: Int16Array | null; high: Int16Array | null;
  begins: number | null;
}
/** Something that the model was asked to make. */
interface Job {
  id: string; title: string; words: string; wish: Record<string, unknown>;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  progress: number; secondsLeft: number | null; text: string; error: string | null;
}
interface Lanes { surprise: Uint8Array; error: Uint8Array; speed: Uint8Array; observed: Uint8Array }
interface Moments {
  count: number; recording: Uint16Array; start: Uint32Array; stop: Uint32Array;
  places: Record<string, { x: Int16Array; y: Int16Array }>;
  label: Uint8Array; motif: Uint8Array; surprise: Uint8Array;
}
/** `score` (0 to 1): what a live search gives instead of a distance; higher is more alike. */
interface Hit { recording: number; start: number; stop: number; distance: number; score?: number }
interface Query { recording: number; span: Span }
/** What is played instead of a recording: the motion `index` of a kind that guest.js knows. */
interface Guest { kind: string; index: number }

interface State {
  recording: number; frame: number; span: Span | null; playing: boolean; speed: number;
  query: Query | null; hits: Hit[]; guest: Guest | null; guestAt: number;
  /** Whether only other recordings than the query's are searched. */
  elsewhere: boolean;
  mapView: "moments" | "recordings"; mapKind: string; colour: string; muted: ReadonlySet<number>;
  hover: number; motif: number; landmark: number;
  playerView: "beside" | "over"; yaw: number; pitch: number; zoom: Span | null; video: boolean;
  tab: string; table: number; search: string; theme: "light" | "dark";
  /** How often labels or motifs were changed by hand, which only the live page does. */
  edition: number; jobs: Job[];
}

/** Colours of categories in a legend: what a moment's or recording's category is, and how it is drawn. */
interface Scheme {
  names: string[]; colours: string[]; counts: number[]; ramp: boolean;
  ofMoment(index: number): number; ofRecording(index: number): number;
}
interface Camera {
  begin: number; centre: Float32Array; halfWidth: number; halfHeight: number; coordinates: number;
  /** Height of the floor; at each pose, where the feet of made motion are. */
  floor: number; ground: Float32Array | null;
}
interface Stage { x: number; y: number; width: number; height: number }
