// The tab Method: how the report came about: settings, commands, versions, what the data are and lack.
import { report } from "./data.js";
import { announce, make, makeButton } from "./dom.js";

/** @param {string} command */
function makeCommand(command) {
  const copy = makeButton("Copy", async () => {
    try {
      await navigator.clipboard.writeText(command);
      announce("Command copied.");
    } catch {
      announce("This browser lets no page copy: mark the command and copy it.");
    }
  });
  return make("div", "command", make("code", "", command), copy);
}

/** @param {HTMLElement} place */
export function makeMethod(place) {
  const { program, date, command, seed } = report.made;
  const made = [
    program && `Made by ${program}`,
    date && `on ${date.slice(0, 16).replace("T", " ")}`,
    seed !== null && `with seed ${seed}`,
  ]
    .filter(Boolean)
    .join(" ");
  const parts = report.method.map(({ title, lines }) =>
    make("section", "method", make("h3", "", title), ...lines.map((line) => make("p", "", line))),
  );
  const notes = report.notes.length
    ? [
        make(
          "section",
          "method",
          make("h3", "", "Left out or coarsened"),
          ...report.notes.map((note) => make("p", "", note)),
        ),
      ]
    : [];
  place.replaceChildren(
    make(
      "section",
      "method",
      make("h3", "", "This report"),
      make("p", "", `${made}.`),
      ...(command ? [makeCommand(command)] : []),
    ),
    ...notes,
    ...parts,
  );
}
