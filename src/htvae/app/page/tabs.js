// Tabs of the side panel. A tab's content is made when it is first opened.
import { byId } from "./dom.js";
import { TABS } from "./link.js";
import { change, state, watch } from "./state.js";

const tabOf = (/** @type {string} */ name) => byId(`tab-${name}`);

/** Tabs that lie below the first row, which is all that is seen until the rest is opened. */
const restOfTabs = () => TABS.filter((name) => tabOf(name).offsetTop > tabOf(TABS[0]).offsetTop + 4);

/** @param {boolean} isOpen */
function openRest(isOpen) {
  byId("tabs").parentElement?.classList.toggle("open", isOpen);
  byId("tabs-more").setAttribute("aria-expanded", String(isOpen));
  byId("tabs").scrollTop = 0;
}

/** Offer the tabs that do not fit behind a button, which has the name of the one that is open. */
function fitTabs() {
  const [row, more] = [byId("tabs"), byId("tabs-more")];
  more.hidden = true;
  more.hidden = !restOfTabs().length;
  const isRest = restOfTabs().includes(state.tab);
  byId("tabs-name").textContent = isRest ? tabOf(state.tab).textContent : "More";
  more.classList.toggle("chosen", isRest);
  row.scrollTop = 0;
}

function startRest() {
  const [row, more] = [byId("tabs"), byId("tabs-more")];
  more.addEventListener("click", () => openRest(more.getAttribute("aria-expanded") !== "true"));
  row.addEventListener("focusin", (event) => {
    const tab = /** @type {HTMLElement} */ (event.target);
    if (tab.matches(":focus-visible")) openRest(restOfTabs().includes(tab.id.slice(4)));
  });
  document.addEventListener("pointerdown", (event) => {
    const target = /** @type {Node} */ (event.target);
    if (!row.contains(target) && !more.contains(target)) openRest(false);
  });
  row.parentElement?.addEventListener("keydown", (event) => event.key === "Escape" && openRest(false));
  row.parentElement?.addEventListener("focusout", (event) => {
    if (!row.parentElement?.contains(/** @type {Node | null} */ (event.relatedTarget))) openRest(false);
  });
  new ResizeObserver(fitTabs).observe(/** @type {HTMLElement} */ (row.parentElement));
}

/** @param {Record<string, (place: HTMLElement) => void>} makers of each tab's content */
export function startTabs(makers) {
  /** @type {Set<string>} */
  const made = new Set();
  const show = () => {
    for (const name of TABS) {
      const isOpen = state.tab === name;
      const tab = tabOf(name);
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      byId(`pane-${name}`).hidden = !isOpen;
    }
    if (!made.has(state.tab)) makers[state.tab](byId(`pane-${state.tab}`));
    made.add(state.tab);
    const [row, tab] = [byId("tabs"), tabOf(state.tab)];
    row.scrollLeft = Math.max(
      Math.min(row.scrollLeft, tab.offsetLeft),
      tab.offsetLeft + tab.offsetWidth - row.clientWidth,
    );
    fitTabs();
  };
  for (const name of TABS) {
    tabOf(name).addEventListener("click", () => {
      change({ tab: name });
      openRest(false);
    });
  }
  byId("tabs").addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    change({ tab: TABS[(TABS.indexOf(state.tab) + way + TABS.length) % TABS.length] });
    tabOf(state.tab).focus();
  });
  watch(["tab"], show);
  startRest();
  show();
}
