// A table of shares whose cells are the darker the larger they are.
import { make } from "./dom.js";

/** @param {string[]} columns @param {string[]} rows @param {number[][]} values
 * @param {(value: number) => string} write
 * @param {string} corner */
export function makeHeat(columns, rows, values, write, corner) {
  const most = Math.max(1e-9, ...values.flat());
  const head = make(
    "tr",
    "",
    make("th", "", corner),
    ...columns.map((name) => make("th", "", make("bdi", "", name))),
  );
  const body = rows.map((name, i) =>
    make(
      "tr",
      "",
      make("th", "", name),
      ...values[i].map((value) => {
        const cell = make("td", "", write(value));
        cell.style.setProperty("--share", `${Math.round((42 * value) / most)}%`);
        return cell;
      }),
    ),
  );
  return make("table", "heat", make("thead", "", head), make("tbody", "", ...body));
}
