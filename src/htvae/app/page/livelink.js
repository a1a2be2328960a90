// Copy link, live: the address holds the key to this session, so only the part from # on is copied.
import { announce, byId } from "./dom.js";
import { copying, writeLink } from "./link.js";
import { state } from "./state.js";

async function copyPart() {
  const part = `#${writeLink()}`;
  const made = state.guest ? " Made motion is not in it: save that as GIF." : "";
  try {
    await navigator.clipboard.writeText(part);
    const use = "Put behind the address of a report of these recordings, it leads to this moment.";
    announce(`Copied the part from # on. ${use}${made}`);
  } catch {
    announce(`This browser lets no page copy: take the part from # on out of the address bar.${made}`);
  }
}

export function startLiveLink() {
  copying.instead = copyPart;
  byId("copy-link").title = "Copy the part of the address that leads to this moment (L)";
}
