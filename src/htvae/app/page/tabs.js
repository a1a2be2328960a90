// Tabs of the side panel. A tab's content is made when it is first opened.
import { byId } from "./dom.js";
import { TABS } from "./link.js";
import { change, state, watch } from "./state.js";

/** @param {Record<string, (place: HTMLElement) => void>} makers of each tab's content */
export function startTabs(makers) {
  /** @type {Set<string>} */
  const made = new Set();
  const show = () => {
    for (const name of TABS) {
      const isOpen = state.tab === name;
      const tab = byId(`tab-${name}`);
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      byId(`pane-${name}`).hidden = !isOpen;
    }
    if (!made.has(state.tab)) makers[state.tab](byId(`pane-${state.tab}`));
    made.add(state.tab);
    const [row, tab] = [byId("tabs"), byId(`tab-${state.tab}`)];
    row.scrollLeft = Math.max(
      Math.min(row.scrollLeft, tab.offsetLeft),
      tab.offsetLeft + tab.offsetWidth - row.clientWidth,
    );
  };
  for (const name of TABS) byId(`tab-${name}`).addEventListener("click", () => change({ tab: name }));
  byId("tabs").addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    change({ tab: TABS[(TABS.indexOf(state.tab) + way + TABS.length) % TABS.length] });
    byId(`tab-${state.tab}`).focus();
  });
  watch(["tab"], show);
  show();
}
