"use strict";
// Text only, never markup: names come from the data.
const overview = document.getElementById("overview"), report = document.getElementById("report");
const rows = [...document.querySelectorAll("#models > tbody > tr")];
const pageTitle = document.title;
const unpacked = (async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), sign => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
})();
const make = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};
const within = (tag, cls, ...nodes) => {
  const made = make(tag, undefined, cls);
  made.append(...nodes);
  return made;
};
const svg = (tag, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const link = (text, href) => {
  const made = make("a", text);
  made.href = href;
  return made;
};
const table = (label, columns, lines, numbers, cls) => {
  const box = make("div", undefined, `scroll ${lines.length > 30 ? "tall" : ""}`), made = make("table", undefined, cls), head = make("tr");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  columns.forEach((name, i) => head.append(make("th", name, numbers.includes(i) ? "number" : "")));
  made.append(make("thead"), make("tbody"));
  made.tHead.append(head);
  for (const line of lines) {
    const row = make("tr");
    line.forEach((content, i) => {
      const cell = make(i ? "td" : "th", undefined, numbers.includes(i) ? "number" : { why: "long", since: "when" }[columns[i]]);
      if (!i) cell.scope = "row";
      cell.append(content ?? "–");
      row.append(cell);
    });
    made.tBodies[0].append(row);
  }
  box.append(made);
  return box;
};
const share = value => `${(value * 100).toFixed(1)} %`;
const thousandth = value => value === null ? null : (value / 1000).toFixed(3);
const dayOf = (data, day) => new Date(Date.parse(data.first) + day * 864e5).toISOString().slice(0, 10);
const named = version => [version.version || "version not known", version.variant].filter(Boolean).join(" · ");
const strip = (data, hex) => {
  let signs = "";
  const bits = hex ? [...hex].reverse().map(digit => parseInt(digit, 16)) : [];
  for (let day = 0; day < data.days; day++) signs += (bits[day >> 2] >> (day & 3)) & 1 ? "█" : "▁";
  const made = make("span", signs, "strip");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", `drift on ${[...signs].filter(sign => sign === "█").length} days`);
  return made;
};
// A lane a version, all over the same days: what was served together stands together.
const lanes = (data, versions) => {
  const width = innerWidth < 600 ? 360 : 720, height = 46, step = width / data.days;
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${versions.length * height + 16}`, role: "img" });
  const says = [];
  versions.forEach((version, lane) => {
    const foot = (lane + 1) * height - 4, levels = [...version.days];
    const bad = levels.filter(level => level > "0").length, ran = levels.filter(level => level !== ".").length;
    says.push(`${named(version)}: findings on ${bad} of ${ran} days`);
    drawn.append(svg("text", { x: 0, y: foot - 28 }, says[lane]));
    const group = svg("g", { class: `s${lane % 4 + 1}` });
    levels.forEach((level, day) => {
      if (level === ".") return;
      const tall = level === "0" ? 1.5 : 4 + 2 * Number(level);
      group.append(svg("rect", { class: level === "0" ? "quiet" : "bar", x: (day * step + step * 0.1).toFixed(1), y: foot - tall, width: (step * 0.8).toFixed(1), height: tall }));
    });
    drawn.append(group);
  });
  const base = versions.length * height + 12;
  drawn.append(svg("text", { x: 0, y: base }, data.first), svg("text", { x: width, y: base, "text-anchor": "end" }, dayOf(data, data.days - 1)));
  drawn.setAttribute("aria-label", says.join("; "));
  return within("div", "lanes", drawn);
};
const chart = (data, name, versions) => {
  const width = 320, height = 130, left = 46, right = 6, foot = 100, top = 14;
  const lines = versions.map((version, at) => [at, version.daily[name] || []]).filter(([, points]) => points.length);
  const values = lines.flatMap(([, points]) => points.map(point => point[1]));
  const low = Math.min(...values), high = Math.max(...values), room = high - low || 1;
  const place = ([day, value]) => [(left + day * (width - left - right) / Math.max(1, data.days - 1)).toFixed(1), (foot - (value - low) / room * (foot - top - 8)).toFixed(1)];
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name} by day, from ${low} to ${high}` });
  drawn.append(svg("line", { class: "axis", x1: left, x2: width - right, y1: foot + 6, y2: foot + 6 }), svg("text", { x: 0, y: high === low ? foot + 3 : top + 11 }, String(high)), svg("text", { x: 0, y: foot + 3 }, high === low ? "" : String(low)));
  for (const [at, points] of lines) {
    const group = svg("g", { class: `s${at % 4 + 1}` }), [x, y] = place(points[points.length - 1]);
    group.append(svg("polyline", { class: "line", points: points.map(point => place(point).join(",")).join(" ") }), svg("circle", { class: "dot", cx: x, cy: y, r: 3 }));
    drawn.append(group);
  }
  drawn.append(svg("text", { x: left, y: height - 8 }, data.first), svg("text", { x: width - right, y: height - 8, "text-anchor": "end" }, dayOf(data, data.days - 1)));
  return within("article", "card", make("h3", name), drawn);
};
const compared = (data, versions) => {
  const metrics = [...new Set(versions.flatMap(version => Object.keys(version.metrics)))];
  const lines = [
    ["days", version => `${version.first} to ${version.last}`], ["runs", version => version.runs], ["runs with drift", version => version.drifted],
    ["features drifted", version => share(version.share)], ["findings", version => version.findings],
    ...metrics.map(name => [`${name}, mean`, version => version.metrics[name]]),
  ];
  const nodes = [table("Versions side by side", ["", ...versions.map(named)], lines.map(([name, of]) => [name, ...versions.map(of)]), versions.map((_, i) => i + 1), "dense pinned sides")];
  const charts = [...new Set(versions.flatMap(version => Object.keys(version.daily)))];
  if (charts.length) {
    const legend = make("p", undefined, "small");
    versions.forEach((version, at) => legend.append(within("span", `s${at % 4 + 1}`, svgDot(), ` ${named(version)}  `)));
    nodes.push(legend, within("div", "cards", ...charts.map(name => chart(data, name, versions))));
  }
  return nodes;
};
const svgDot = () => {
  const drawn = svg("svg", { width: 10, height: 10, viewBox: "0 0 10 10", "aria-hidden": "true" });
  drawn.append(svg("circle", { class: "dot", cx: 5, cy: 5, r: 4 }));
  return drawn;
};
const features = (data, model) => table("Features", ["feature", "verdict", "PSI", `${data.days} days`, "since", "why", "KS", "Jensen-Shannon", "Wasserstein", "L-infinity", "adj. p"], model.f.map(f => [
  data.texts[f[0]], data.texts[f[1]], thousandth(f[3]), strip(data, f[2]), f[9] || "", data.texts[f[10]] || "", thousandth(f[4]), thousandth(f[5]), thousandth(f[6]), thousandth(f[7]), f[8],
]), [2, 6, 7, 8, 9, 10], "dense pinned");
const draw = (data, at) => {
  const model = data.models[at], row = rows[at], nodes = [];
  const steps = within("nav", "steps", link("← all models", "#"));
  if (at) steps.append(link("the next worse", `#m${at - 1}`));
  if (at + 1 < rows.length) steps.append(link("the next better", `#m${at + 1}`));
  const verdict = within("section", `verdict ${model.t}`, make("h1", model.n, "says"), make("p", row.dataset.state[0].toUpperCase() + row.dataset.state.slice(1) + (row.dataset.says ? `. ${row.dataset.says}` : ".")));
  const facts = within("dl", "facts", ...Object.entries(model.i).map(([name, value]) => within("div", "", make("dt", name), make("dd", value))));
  nodes.push(steps, verdict, facts);
  const add = (title, ...parts) => nodes.push(make("h2", title), ...parts);
  const versions = model.v.slice(0, 8);
  add("Drift by day, a lane a version", make("p", "The higher the bar, the more features drifted that day, or full for a quality that is worse than the baseline allows; a line is a day without findings, a gap one without a run.", "muted small"), lanes(data, versions));
  add("Versions side by side", ...compared(data, versions));
  if (model.g.length) add("Findings of the last runs", table("Findings", ["monitor", "what", "check", "why"], model.g, [], "dense"));
  if (model.f.length) add(`Features in the last run, the farthest first (${model.f.length})`, features(data, model));
  const metrics = Object.entries(model.m);
  if (metrics.length) add("Metrics of the last run", table("Metrics", ["metric", "value"], metrics, [1], "dense"));
  const places = Object.entries(model.r);
  if (places.length) add("Files of the last runs", ...places.map(([kind, uri]) => within("p", "small", `${kind}: `, make("code", uri))));
  report.replaceChildren(...nodes);
};
let scrolled = 0;
const show = async () => {
  const at = rows.findIndex(row => row.id === location.hash.slice(1));
  if (at < 0) {
    report.hidden = true;
    overview.hidden = false;
    document.title = pageTitle;
    scrollTo(0, scrolled);
    return;
  }
  if (!overview.hidden) scrolled = scrollY;
  try {
    draw(await unpacked, at);
    document.title = `${rows[at].querySelector("a").textContent}: ${rows[at].dataset.state}`;
  } catch (error) {
    report.replaceChildren(link("← all models", "#"), make("p", `This browser cannot unpack the reports (${error.message}): open the page in one of 2023 or later.`));
  }
  overview.hidden = true;
  report.hidden = false;
  scrollTo(0, 0);
};
const fields = ["search", "state", "team"].map(name => document.getElementById(name));
const filter = () => {
  const [search, state, team] = fields.map(field => (field ? field.value : "").toLowerCase());
  let shown = 0;
  for (const row of rows) {
    row.hidden = !((!state || row.dataset.state === state) && (!team || row.dataset.team.toLowerCase() === team)
      && (!search || row.cells[0].textContent.toLowerCase().includes(search)));
    shown += !row.hidden;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} models`;
};
fields.forEach(field => field && field.addEventListener("input", filter));
document.getElementById("filters").hidden = false;
filter();
addEventListener("hashchange", show);
show();
