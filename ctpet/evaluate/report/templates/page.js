"use strict";
{
  const page = document.documentElement;
  const choices = document.querySelectorAll("[data-language]");
  const show = (language) => {
    page.lang = language;
    for (const each of choices) {
      each.setAttribute("aria-pressed", String(each.dataset.language === language));
    }
  };
  for (const each of choices) {
    each.addEventListener("click", () => show(each.dataset.language));
    each.parentElement.hidden = false;
  }

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.value === undefined) return cell.textContent.trim();
    return cell.dataset.value === "" ? NaN : Number(cell.dataset.value);
  };
  const compare = (a, b, sign) => {
    if (typeof a === "string") return sign * a.localeCompare(b, "en", { numeric: true });
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };
  const sort = (table, heading) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row) => [keyOf(row, heading.cellIndex), row]);
    keyed.sort((one, other) => compare(one[0], other[0], descending ? -1 : 1));
    body.append(...keyed.map((pair) => pair[1]));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading));
      heading.append(button);
    }
  }
}
