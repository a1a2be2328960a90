// The tab Make: motion that the model makes at the reader's wish, and what has been made so far.
import { startJob } from "./jobs.js";
import { startJobList } from "./joblist.js";
import { byId, make, makeButton, makeEmpty } from "./dom.js";
import { makeForms } from "./makeforms.js";
import { state, watch } from "./state.js";
import { schedule } from "./ticker.js";

/** @param {HTMLElement} place */
export function makeMaking(place) {
  const forms = makeForms();
  let open = 0;
  const kinds = forms.map(({ name }, i) => makeButton(name, () => show(i), "", ""));
  const choice = make("div", "segments kinds", ...kinds);
  choice.setAttribute("role", "group");
  choice.setAttribute("aria-label", "What to make");
  const lead = make("p", "lead");
  const fields = make("div", "fields");
  const why = make("p", "why soft");
  const begin = make("button", "button primary"); // a form's own button: Enter in a field presses it
  const end = make("div", "making-end", begin);
  const form = make("form", "making", lead, fields, why);
  const refresh = () => {
    forms[open].refresh();
    const lack = forms[open].lack();
    why.textContent = lack;
    why.hidden = !lack;
    begin.disabled = lack !== "";
  };
  /** @param {number} index */
  function show(index) {
    open = index;
    kinds.forEach((kind, i) => kind.setAttribute("aria-pressed", String(i === open)));
    lead.textContent = forms[open].lead;
    fields.replaceChildren(...forms[open].rows, end);
    begin.textContent = forms[open].action;
    refresh();
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { lack, wish, words, title } = forms[open];
    if (!lack()) startJob(wish(), title, words());
  });
  form.addEventListener("input", refresh);
  const [active, list] = [make("div", "jobs active"), make("div", "jobs")];
  const empty = makeEmpty("Nothing made yet", "What the model makes appears here and plays in the player.");
  place.replaceChildren(choice, form, list, empty, active);
  startJobList(active, list, empty);
  const hint = byId("span-hint");
  const usualHint = hint.textContent ?? "";
  const hintAtDrag = () => {
    if (state.guest) {
      hint.textContent = "not what plays: click the lanes to go back to the recording";
      return;
    }
    hint.textContent =
      state.tab === "make" ? "drag across the lanes to choose a span \u00b7 wheel zooms" : usualHint;
  };
  watch(["recording", "frame", "span"], () => state.tab === "make" && schedule(refresh));
  watch(["tab"], refresh);
  watch(["tab", "guest"], hintAtDrag);
  hintAtDrag();
  show(0);
}
