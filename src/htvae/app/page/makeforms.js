// What can be made, each with a form: its fields, what it still lacks, and what is sent to the server.
import { report } from "./data.js";
import { make, makeButton, makeOption } from "./dom.js";
import { makeChoice, makeFact, makeNumber, makeSeed, makeText } from "./fields.js";
import { pointChoice } from "./pointchoice.js";
import { live } from "./live.js";
import { readScript, scriptHint } from "./scripting.js";
import { state } from "./state.js";
import { spanText, timeText } from "./timebase.js";

/** `title`: of what is made. `lack`: what must be chosen first, "" if nothing. `refresh`: show what is chosen now.
 * @typedef {{ name: string, title: string, lead: string, action: string, rows: HTMLElement[], refresh: () => void,
 *   lack: () => string, wish: () => Record<string, unknown>, words: () => string }} Form */

const SECONDS = { value: 4, min: 0.5, max: 60, step: 0.5 };
const NEEDS_SPAN = "Drag across the timeline (or press I and O) to choose a span.";

/** @param {number} recording @param {number} frame */
const momentText = (recording, frame) =>
  `${report.recordings[recording].name} \u00b7 ${timeText(recording, frame)}`;
const chosenSpan = () =>
  state.span
    ? `${report.recordings[state.recording].name} \u00b7 ${spanText(state.recording, ...state.span)}`
    : "";
const hereNow = () => ({ recording: state.recording, frame: Math.round(state.frame) });
const spanNow = () => ({ recording: state.recording, start: state.span?.[0], stop: state.span?.[1] });

/** The line of a form that says which span is chosen. */
function makeSpanFact() {
  const fact = makeFact("Span");
  return { row: fact.row, refresh: () => fact.say(chosenSpan() || "none yet", !state.span) };
}

/** What guidance does, and why it is what it is. @param {number} value @param {boolean} isScripted
 * @param {boolean} isOwn */
function guidanceText(value, isScripted, isOwn) {
  const does =
    value === 1 ? "the model's own mix" : value > 1 ? "label and script count more" : "they count less";
  const why = isScripted && !isOwn ? "; a script starts with 2, so that each part is seen" : "";
  return `Guidance ${value}: ${does}${why}.`;
}

/** @returns {Form} */
function makeGenerateForm() {
  const label = makeChoice("Label", [
    ["any, as often as in training", ""],
    ...live.labels.map((name, i) => /** @type {[string, string]} */ ([name, String(i)])),
  ]);
  const script = makeText("Script", scriptHint());
  script.row.title = "Labels in order, each with its seconds; each lasts 3 s where none are given";
  const seconds = makeNumber("Length", { ...SECONDS, value: 6 }, "s");
  const guidance = makeNumber("Guidance", { value: 1, min: 0, max: 8, step: 0.5 });
  const guides = make("p", "field-note soft");
  let isOwnGuidance = false;
  guidance.input.addEventListener("input", () => (isOwnGuidance = true));
  const seed = makeSeed();
  const scripted = () => script.read() !== "";
  let ownSeconds = seconds.input.value;
  const adapt = () => {
    const { isRead, seconds: all } = readScript(script.read());
    if (!seconds.input.disabled) ownSeconds = seconds.input.value;
    seconds.input.disabled = scripted();
    seconds.input.value = !scripted() ? ownSeconds : isRead ? String(Number(all.toFixed(2))) : "";
    seconds.row.title = scripted() ? "As long as the script" : "";
    if (!isOwnGuidance) guidance.input.value = scripted() ? "2" : "1"; // as htvae generate takes it
    guides.textContent = guidanceText(guidance.read(), scripted(), isOwnGuidance);
  };
  script.input.addEventListener("input", adapt);
  guidance.input.addEventListener("input", adapt);
  adapt();
  return {
    name: "Generate",
    title: "Generated",
    lead: "New motion, drawn from what the model has learned.",
    action: "Generate",
    rows: [
      ...(live.labels.length ? [label.row] : []),
      ...(live.scripted.length ? [script.row] : []),
      seconds.row,
      ...(live.labels.length ? [guidance.row] : []),
      seed.row,
      ...(live.labels.length ? [guides] : []),
    ],
    refresh() {},
    lack: () =>
      live.canGenerate
        ? readScript(script.read()).lack
        : "This model cannot generate: it was trained without a prior (prior_steps 0).",
    wish: () => ({
      kind: "generate",
      label: label.read() === "" ? null : Number(label.read()),
      script: readScript(script.read()).text || null,
      seconds: scripted() ? null : seconds.read(),
      guidance: live.labels.length ? guidance.read() : null,
      seed: seed.read(),
    }),
    words() {
      const name = label.read() ? live.labels[Number(label.read())] : "any label";
      return `${readScript(script.read()).text || name} \u00b7 seed ${seed.read()}`;
    },
  };
}

/** @returns {Form} */
function makeContinueForm() {
  const from = makeFact("From");
  const seconds = makeNumber("Length", SECONDS, "s");
  const seed = makeSeed();
  return {
    name: "Continue",
    title: "Continued",
    lead: "How the motion might go on after the moment that the player shows.",
    action: "Continue from here",
    rows: [from.row, seconds.row, seed.row],
    refresh: () => from.say(momentText(state.recording, state.frame)),
    lack: () =>
      live.canGenerate ? "" : "This model cannot continue: it was trained without a prior (prior_steps 0).",
    wish: () => ({ kind: "continue", ...hereNow(), seconds: seconds.read(), seed: seed.read() }),
    words: () => `${momentText(state.recording, state.frame)} \u00b7 seed ${seed.read()}`,
  };
}

/** @returns {Form} */
function makeFillForm() {
  const span = makeSpanFact();
  const points = pointChoice();
  const seed = makeSeed();
  return {
    name: "Fill",
    title: "Filled",
    lead: "The span is hidden from the model, which fills it from what is left.",
    action: "Fill the span",
    rows: [span.row, points.row, seed.row],
    refresh: span.refresh,
    lack: () => (state.span ? points.lack() : NEEDS_SPAN),
    wish: () => ({ kind: "complete", ...spanNow(), landmarks: points.read(), seed: seed.read() }),
    words: () => `${chosenSpan()} \u00b7 ${points.words()}`,
  };
}

/** @returns {Form} */
function makeEditForm() {
  const span = makeSpanFact();
  const goal = makeChoice("Make it", []);
  const goals = [
    ...live.labels.map((name, i) => ({ kind: "label", name, goal: { label: i } })),
    ...live.towards
      .filter((name) => !live.labels.includes(name))
      .map((name) => ({ kind: "label", name, goal: { towards: name } })),
    ...report.recordings.map(({ name }, i) => ({ kind: "style", name, goal: { style: i } })),
  ];
  for (const [kind, title] of [
    ["label", "more like"],
    ["style", "in the style of"],
  ]) {
    const group = make("optgroup");
    group.label = title;
    goals.forEach((one, i) => one.kind === kind && group.append(makeOption(one.name, String(i))));
    if (group.children.length) goal.select.append(group);
  }
  const strength = makeNumber("Strength", { value: 1, min: -3, max: 3, step: 0.25 });
  strength.row.title = "1: as far as the label lies from all others; negative: away from it";
  const goalOf = () => goals[Number(goal.read())];
  const adapt = () => strength.show(goalOf().kind === "label");
  goal.select.addEventListener("change", adapt);
  adapt();
  return {
    name: "Edit",
    title: "Edited",
    lead: "The span, moved towards a label or given another recording's style.",
    action: "Edit the span",
    rows: [span.row, goal.row, strength.row],
    refresh: span.refresh,
    lack: () => (state.span ? "" : NEEDS_SPAN),
    wish: () => ({ kind: "edit", ...spanNow(), ...goalOf().goal, strength: strength.read() }),
    words: () =>
      `${chosenSpan()} \u00b7 ${goalOf().kind === "label" ? "towards" : "in the style of"} ${goalOf().name}`,
  };
}

/** @returns {Form} */
function makeBetweenForm() {
  /** @type {Record<"from" | "to", [number, number] | null>} */
  const ends = { from: null, to: null };
  const facts = /** @type {const} */ (["from", "to"]).map((end) => {
    const take = makeButton("Take this moment", () => {
      ends[end] = [state.recording, Math.round(state.frame)];
      sayEnds();
    });
    take.setAttribute("aria-label", `Take this moment as the ${end === "from" ? "beginning" : "end"}`);
    const fact = makeFact(end === "from" ? "From" : "To", take);
    const say = () => fact.say(ends[end] ? momentText(...ends[end]) : "no moment yet", !ends[end]);
    return { row: fact.row, say };
  });
  const sayEnds = () => {
    for (const { say } of facts) say();
    facts[0].row.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const seconds = makeNumber("Length", SECONDS, "s");
  return {
    name: "Between",
    title: "Between",
    lead: "A motion that turns one moment into another, along the model's latents.",
    action: "Make the way between",
    rows: [...facts.map(({ row }) => row), seconds.row],
    refresh: () => facts.forEach(({ say }) => say()),
    lack: () =>
      ends.from && ends.to
        ? ""
        : "Go to a moment, by the map or the timeline, and take it; then another one.",
    wish: () => ({ kind: "interpolate", from: ends.from, to: ends.to, seconds: seconds.read() }),
    words: () =>
      `${ends.from ? momentText(...ends.from) : ""} \u2192 ${ends.to ? momentText(...ends.to) : ""}`,
  };
}

export const makeForms = () => [
  makeGenerateForm(),
  makeContinueForm(),
  makeFillForm(),
  makeEditForm(),
  makeBetweenForm(),
];
