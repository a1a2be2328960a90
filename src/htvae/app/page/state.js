// The one place of what the page shows. Views read `state`, ask for changes by `change`, and watch keys.

/** @type {State} */
export const state = {
  recording: 0,
  frame: 0,
  span: null,
  playing: false,
  speed: 1,
  query: null,
  hits: [],
  elsewhere: false,
  guest: null,
  guestAt: 0,
  mapView: "moments",
  mapKind: "",
  colour: "label",
  muted: new Set(),
  hover: -1,
  motif: -1,
  landmark: -1,
  playerView: "beside",
  yaw: 0.5,
  pitch: 0.12,
  zoom: null,
  video: false,
  tab: "similar",
  table: 0,
  search: "",
  theme: "light",
  edition: 0,
  jobs: [],
};

/** @typedef {keyof State} Key */
/** @type {{ keys: Set<Key>, act: (changed: Set<Key>) => void }[]} */
const watchers = [];

/** Call `act` after one of `keys` has changed. @param {Key[]} keys
 * @param {(changed: Set<Key>) => void} act */
export function watch(keys, act) {
  watchers.push({ keys: new Set(keys), act });
}

/** @param {unknown} one @param {unknown} other */
function isSame(one, other) {
  if (Object.is(one, other)) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((value, i) => Object.is(value, other[i]));
}

/** Change parts of the state, then tell those who watch them. @param {Partial<State>} patch */
export function change(patch) {
  /** @type {Set<Key>} */
  const changed = new Set();
  for (const [name, value] of Object.entries(patch)) {
    const key = /** @type {Key} */ (name);
    if (!isSame(state[key], value)) changed.add(key);
  }
  if (!changed.size) return;
  Object.assign(state, patch);
  for (const { keys, act } of watchers) {
    for (const key of changed) {
      if (keys.has(key)) {
        act(changed);
        break;
      }
    }
  }
}
