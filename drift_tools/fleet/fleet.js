"use strict";
// Text only, never markup: names come from the data.
const data = JSON.parse(document.getElementById("data").textContent);
const rows = [...document.querySelectorAll("#models > tbody > tr")];
const make = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};
const table = (columns, lines, numbers) => {
  const box = make("div", undefined, "scroll"), made = make("table", undefined, "dense"), head = make("tr");
  box.tabIndex = 0;
  columns.forEach((name, i) => head.append(make("th", name, numbers.includes(i) ? "number" : "")));
  made.append(make("thead"), make("tbody"));
  made.tHead.append(head);
  for (const line of lines) {
    const row = make("tr");
    line.forEach((content, i) => {
      const cell = content instanceof Node ? content : make("td", content, numbers.includes(i) ? "number" : "");
      if (i) cell.dataset.label = columns[i];
      if (content === "") cell.className = "none";
      row.append(cell);
    });
    made.tBodies[0].append(row);
  }
  box.append(made);
  return box;
};
const days = hex => {
  let signs = "";
  const bits = hex ? [...hex].reverse().map(digit => parseInt(digit, 16)) : [];
  for (let day = 0; day < data.days; day++) signs += (bits[day >> 2] >> (day & 3)) & 1 ? "█" : "▁";
  const cell = make("td"), strip = make("span", signs, "strip");
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", `drift on ${[...signs].filter(sign => sign === "█").length} days`);
  cell.append(strip);
  return cell;
};
const share = value => `${(value * 100).toFixed(1)} %`;
const detail = model => {
  const cell = make("td");
  cell.colSpan = 6;
  const add = (title, ...nodes) => cell.append(make("h3", title), ...nodes);
  if (model.v.length) {
    const metrics = [...new Set(model.v.flatMap(version => Object.keys(version[8])))].sort();
    const heads = ["version", "variant", "days", "runs", "with drift", "features drifted", "findings", ...metrics];
    add("Versions side by side", table(heads, model.v.map(v => [
      v[1] || "not known", v[0], `${v[2]} to ${v[3]}`, v[4], v[5], share(v[6]), v[7], ...metrics.map(name => v[8][name] ?? "–"),
    ]), heads.map((_, i) => i).slice(3)));
  }
  if (model.g.length) add("Findings of the last runs", table(["of", "check", "says"], model.g, []));
  if (model.f.length) add(`Features, the farthest first (${model.f.length})`, table(
    ["feature", "verdict", "PSI", `${data.days} days`, "since", "why"],
    model.f.map(f => [data.names[f[0]], data.states[f[2]], f[1] === null ? "–" : (f[1] / 1000).toFixed(3), days(f[3]), f[4] || "", f[5] || ""]), [2]));
  const metrics = Object.entries(model.m);
  if (metrics.length) add("Metrics of the last run", table(["metric", "value"], metrics, [1]));
  const places = Object.entries(model.r);
  if (places.length) add("Files of the last runs", ...places.map(([kind, uri]) => {
    const line = make("p", `${kind}: `, "small");
    line.append(make("code", uri));
    return line;
  }));
  const row = make("tr", undefined, "detail");
  row.append(cell);
  return row;
};
const toggle = (row, open) => {
  const button = row.querySelector("button.open"), isOpen = button.getAttribute("aria-expanded") === "true";
  if (isOpen === open) return;
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) row.nextElementSibling.remove();
  else row.after(detail(data.models[Number(row.id.slice(1))]));
};
document.getElementById("models").addEventListener("click", event => {
  const button = event.target.closest("button.open");
  if (!button) return;
  const row = button.closest("tr");
  toggle(row);
  history.replaceState(null, "", `#${row.id}`);
});
const fields = ["search", "state", "team"].map(name => document.getElementById(name));
const filter = () => {
  const [search, state, team] = fields.map(field => (field ? field.value : "").toLowerCase());
  let shown = 0;
  for (const row of rows) {
    const fits = (!state || row.dataset.state === state) && (!team || row.dataset.team.toLowerCase() === team)
      && (!search || row.cells[0].textContent.toLowerCase().includes(search));
    if (!fits) toggle(row, false);
    row.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} models`;
};
fields.forEach(field => field && field.addEventListener("input", filter));
document.getElementById("filters").hidden = false;
filter();
const linked = () => {
  const row = document.getElementById(location.hash.slice(1));
  if (row && rows.includes(row)) { toggle(row, true); row.scrollIntoView(); }
};
addEventListener("hashchange", linked);
linked();
