"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "solid"];
const MOST_LINES = 6, MOST_DIFFERENCES = 30;
const states = DATA.map((data, index) => ({
  data, article: document.querySelector(`article[data-result="${index}"]`), selected: null,
  visible: new Set(data.configurations.keys()), column: Object.keys(data.curves)[0],
}));

// ---- tables: sorted by a click on a header, filtered by words and conditions ----

const CONDITION = /^([^<>=!]+)(<=|>=|!=|==?|<|>)(.*)$/;
const TESTS = {
  "==": (a, b) => a === b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b, "<": (a, b) => a < b,
  ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b,
};

function cellValue(cell) {
  const text = cell.dataset.value ?? cell.textContent;
  return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

function sortTable(table, column) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const up = heads[column].getAttribute("aria-sort") !== "ascending";
  heads.forEach((head, at) => head.setAttribute("aria-sort", at !== column ? "none" : up ? "ascending" : "descending"));
  const rows = [...body.rows].map((row, at) => [cellValue(row.cells[column]), at, row]);
  rows.sort(([a, i], [b, j]) => {
    if ((a === "") !== (b === "")) return a === "" ? 1 : -1;  // empty cells last, whichever the direction
    const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return (up ? order : -order) || i - j;
  });
  body.append(...rows.map(([, , row]) => row));
}

function wordsOf(text) {  // conditions may be written as for list --where: lr == 0.01 and norm == 'batch'
  const together = text.replace(/\s*(<=|>=|!=|==?|<|>)\s*(?:(['"])(.*?)\2)?/g, "$1$3"), words = together.split(/\s+/).filter(Boolean);
  return words.filter((word, at) => word !== "and" || ![words[at - 1], words[at + 1]].every((other) => CONDITION.test(other)));
}

function keeps(row, words, names) {
  return words.every((word) => {
    const [, name, test, wanted] = CONDITION.exec(word) ?? [];
    const at = names.indexOf(name);
    if (at < 0) return row.textContent.toLowerCase().includes(word.toLowerCase());
    const value = cellValue(row.cells[at]);
    if (wanted === "") return true;  // still being typed
    if (typeof value === "number" && !Number.isNaN(Number(wanted))) return TESTS[test](value, Number(wanted));
    return TESTS[test](String(value), wanted) && (value !== "" || test === "!=");
  });
}

function filterTable(state, section) {
  const table = section.querySelector("table"), rows = [...table.tBodies[0].rows];
  const names = [...table.tHead.rows[0].cells].map((head) => head.textContent);
  const words = wordsOf(section.querySelector("input").value);
  for (const row of rows) row.hidden = !keeps(row, words, names);
  const left = rows.filter((row) => !row.hidden);
  section.querySelector("output").textContent = words.length ? `${left.length} of ${rows.length} rows` : "";
  if (section.dataset.table === "Configurations") {
    state.visible = new Set(left.map((row) => Number(row.dataset.key)));
    drawAll(state);
  }
}

function setUpTables(state) {
  for (const section of state.article.querySelectorAll("section.table")) {
    const table = section.querySelector("table");
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (head) sortTable(table, head.cellIndex);
    });
    section.querySelector("input")?.addEventListener("input", () => filterTable(state, section));
    const choose = (event) => {
      const row = event.target.closest("tr[data-key]");
      if (!row || (event.type === "keydown" && event.key !== "Enter")) return;
      const key = Number(row.dataset.key), places = state.data.configurations[key]?.trials;
      const place = section.dataset.table === "Trials" ? state.data.trials.findIndex((trial) => trial.number === key) : best(state, places);
      select(state, place);
    };
    table.tBodies[0].addEventListener("click", choose);
    table.tBodies[0].addEventListener("keydown", choose);
  }
}

// ---- the chosen trial: its options, scores, command and curves ----

function best(state, places) {
  const { trials, larger } = state.data;
  const key = (place) => (trials[place].score === null ? Infinity : larger ? -trials[place].score : trials[place].score);
  return places.reduce((one, other) => (key(other) < key(one) ? other : one));
}

function configurationOf(state, place) {
  return state.data.configurations.findIndex((one) => one.trials.includes(place));
}

function select(state, place, { follow = true } = {}) {
  const { data, article } = state, trial = data.trials[place];
  state.selected = place;
  const section = article.querySelector(".detail"), configuration = configurationOf(state, place);
  section.hidden = false;
  section.querySelector("h2").textContent = data.sweep ? `Trial ${data.name}/${trial.number}` : "Learning curves";
  const options = data.options.map((name, at) => `${name} ${brief(trial.options[at])}`);
  const fold = trial.fold === null ? "" : `fold ${trial.fold}`;
  const facts = [...options, `seed ${trial.seed}`, fold, trial.state, trial.id, trial.error];
  section.querySelector(".facts").textContent = facts.filter(Boolean).join(" · ");
  section.querySelector(".command").hidden = !trial.command;
  section.querySelector(".command code").textContent = trial.command ?? "";
  const scores = Object.entries(trial.scores).filter(([, value]) => value !== null);
  section.querySelector(".scores").textContent = data.sweep ? scores.map(([name, value]) => `${name} ${value}`).join(" · ") : "";
  for (const row of article.querySelectorAll("tr[data-key]")) {
    const isTrial = row.closest("section").dataset.table === "Trials";
    row.classList.toggle("selected", Number(row.dataset.key) === (isTrial ? trial.number : configuration));
  }
  if (follow && data.sweep) {
    history.replaceState(null, "", `#${encodeURIComponent(data.name)}/${trial.number}`);
    section.scrollIntoView({ behavior: "smooth", block: "nearest" });
  }
  drawAll(state);
}

function selectByHash() {
  const [name, number] = decodeURIComponent(location.hash.slice(1)).split(/\/(?=\d+$)/);
  for (const state of states) {
    const place = state.data.trials.findIndex((trial) => state.data.name === name && String(trial.number) === number);
    if (place >= 0) select(state, place, { follow: false });
  }
}

function selectFirst() {
  selectByHash();
  for (const state of states.filter((one) => one.selected === null)) {
    const places = state.data.configurations.flatMap((one) => one.trials);
    if (places.length) select(state, best(state, places), { follow: false });
  }
}

// ---- charts ----

let printing = false;

function ink(name) {
  const light = { "--ink": "#1b1f24", "--soft": "#57606a", "--line": "#d0d7de", "--pale": "#9aa5b1", "--accent": "#b35900", "--strong": "#0b4f8a" };
  return printing ? light[name] : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis(title, more = {}) {
  return { title: { text: title }, gridcolor: ink("--line"), zerolinecolor: ink("--line"), linecolor: ink("--line"), automargin: true, exponentformat: "power", ...more };
}

function epochAxis(data) {
  return axis("epoch", Math.max(...data.lengths) <= 12 ? { dtick: 1 } : { tickformat: ",d" });
}

function show(div, traces, layout) {
  const whole = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink("--ink"), size: 12 },
    margin: { l: 56, r: 12, t: 30, b: 44 }, hovermode: "closest", height: 380, showlegend: false,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, ...layout,
  };
  if (printing) whole.width = Math.min(div.clientWidth, 680);
  Plotly.react(div, traces, whole, { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] });
}

function makePlots(box, count) {
  while (box.children.length < count) box.append(Object.assign(document.createElement("div"), { className: "plot" }));
}

function onPoint(state, div) {
  if (div.dataset.bound) return;
  div.dataset.bound = "yes";
  div.on("plotly_click", ({ points }) => {
    const place = points[0]?.customdata;
    if (Number.isInteger(place)) select(state, place);
  });
}

function epochsOf(data, place, count) {
  const last = data.lengths[place];
  return Array.from({ length: count }, (_, at) => Math.min(1 + at * data.every, last));
}

function curve(data, column, place) {
  const y = data.curves[column][place];
  return { x: epochsOf(data, place, y.length), y };
}

function mean(data, column, places) {
  const sums = new Map();
  for (const place of places) {
    const { x, y } = curve(data, column, place);
    x.forEach((epoch, at) => {
      if (y[at] === null) return;
      const [sum, count] = sums.get(epoch) ?? [0, 0];
      sums.set(epoch, [sum + y[at], count + 1]);
    });
  }
  const x = [...sums.keys()].sort((a, b) => a - b);
  return { x, y: x.map((epoch) => sums.get(epoch)[0] / sums.get(epoch)[1]) };
}

function scaleOf(values) {
  const known = values.filter((value) => value !== null && value > 0);
  return known.length === values.length && known.length && Math.max(...known) > 30 * Math.min(...known) ? "log" : "linear";
}

function scoresAxis(data, values) {
  return axis(data.metric, { type: data.metric.endsWith("loss") ? scaleOf(values) : "linear" });
}

function drawCurves(state, section) {
  const { data } = state, div = section.querySelector(".plot");
  if (!state.column) { section.hidden = true; return; }
  const shown = data.configurations.map((one, at) => [one, at]).filter(([, at]) => state.visible.has(at));
  const others = { x: [], y: [], customdata: [], text: [] }, traces = [];
  shown.forEach(([one, at], rank) => {
    const { x, y } = mean(data, state.column, one.trials), place = best(state, one.trials);
    if (rank >= MOST_LINES) {
      others.x.push(...x, null); others.y.push(...y, null);
      others.customdata.push(...x.map(() => place), null); others.text.push(...x.map(() => one.label), "");
      return;
    }
    traces.push({
      x, y, name: escaped(one.label || data.name), mode: x.length > 1 ? "lines" : "markers", customdata: x.map(() => place),
      line: { color: COLORS[rank], dash: DASHES[rank], width: 2 }, hovertemplate: `%{y:.4g} at epoch %{x}<extra>${escaped(one.label)}</extra>`,
    });
  });
  const grey = { ...others, mode: "lines", line: { color: ink("--soft"), width: 0.7 }, opacity: 0.45, showlegend: false, hovertemplate: "%{y:.4g} at epoch %{x}<extra>%{text}</extra>" };
  if (others.x.length) traces.unshift(grey);
  if (state.selected !== null) {
    const trial = data.trials[state.selected];
    traces.push({ ...curve(data, state.column, state.selected), mode: "lines", name: `trial ${trial.number}`, line: { color: ink("--accent"), width: 4 } });
  }
  const all = traces.flatMap((trace) => trace.y).filter((value) => value !== null);
  const scale = state.column.endsWith("loss") ? scaleOf(all) : "linear";
  const lines = traces.filter((trace) => trace.showlegend !== false).length, below = 56 + 20 * Math.ceil(lines / (div.clientWidth < 700 ? 1 : 3));
  const legend = { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" }, margin = { l: 56, r: 12, t: 12, b: below };
  show(div, traces, { height: 360 + below, showlegend: true, legend, margin, xaxis: epochAxis(data), yaxis: axis(state.column, { type: scale }) });
  onPoint(state, div);
  const grouped = shown.some(([one]) => one.trials.length > 1) ? `means over ${data.repeats}` : "one seed";
  section.querySelector(".note").textContent = `${grouped}; the best ${Math.min(shown.length, MOST_LINES)} of ${shown.length} in colour` + (data.every > 1 ? `; one point per ${data.every} epochs` : "");
}

function isNumbers(values) {
  return values.every((value) => value !== "" && Number.isFinite(Number(value)));
}

function inOrder(values) {
  const different = [...new Set(values)];
  return isNumbers(different) ? different.sort((a, b) => a - b) : different.sort();
}

function brief(word) {
  return word.length > 8 && word.includes(".") && isNumbers([word]) ? String(Number(Number(word).toPrecision(4))) : word;
}

function drawOptions(state, section) {
  const { data } = state, box = section.querySelector(".plots");
  const places = [...state.visible].flatMap((at) => data.configurations[at].trials).filter((place) => data.trials[place].score !== null);
  section.hidden = !data.options.length;
  makePlots(box, data.options.length);
  data.options.forEach((name, at) => {
    const div = box.children[at];
    const words = places.map((place) => data.trials[place].options[at]), numeric = isNumbers(words) && new Set(words).size > 1;
    const known = inOrder(words), value = (word) => (numeric ? Number(word) : known.indexOf(word));
    const y = places.map((place) => data.trials[place].score);
    const label = (place) => `trial ${data.trials[place].number}: ${data.options.map((option, i) => `${option} ${data.trials[place].options[i]}`).join(", ")}`;
    const averages = known.map((word) => {
      const mine = y.filter((_, i) => words[i] === word);
      return [value(word), mine.reduce((sum, one) => sum + one, 0) / mine.length];
    });
    const few = averages.length <= 20;
    const traces = [{
      x: words.map(value), y, customdata: places, text: places.map(label).map(escaped), mode: "markers", hovertemplate: "%{y:.4g}<br>%{text}<extra></extra>",
      marker: { color: COLORS[0], size: 7, opacity: 0.5 },
    }];
    if (few) traces.push({ x: averages.map(([x]) => x), y: averages.map(([, mean_]) => mean_), mode: numeric ? "lines+markers" : "markers", hoverinfo: "skip", marker: { symbol: "line-ew-open", size: 18, color: ink("--ink") }, line: { color: ink("--ink"), width: 1 } });
    if (state.selected !== null && data.trials[state.selected].score !== null) {
      traces.push({ x: [value(data.trials[state.selected].options[at])], y: [data.trials[state.selected].score], customdata: [state.selected], mode: "markers", hoverinfo: "skip", marker: { size: 13, color: ink("--accent"), symbol: "circle-open", line: { width: 3 } } });
    }
    const x = axis(name, numeric ? { type: scaleOf(words.map(Number)) } : { tickvals: known.map((_, i) => i), ticktext: known.map(brief).map(escaped), range: [-0.5, known.length - 0.5] });
    show(div, traces, { height: 300, xaxis: x, yaxis: scoresAxis(data, y) });
    onPoint(state, div);
  });
}

function drawParallel(state, section) {
  const { data } = state, shown = [...state.visible].map((at) => data.configurations[at]).filter((one) => one.mean !== null);
  section.hidden = data.options.length < 2 || shown.length < 2;
  if (section.hidden) return;
  const dimensions = data.options.map((name, at) => {
    const words = shown.map((one) => one.values[at]);
    if (isNumbers(words) && new Set(words).size > 8) {
      const log = scaleOf(words.map(Number)) === "log", values = words.map((word) => (log ? Math.log10(word) : Number(word)));
      return { label: log ? `log10 ${name}` : name, values };
    }
    const known = inOrder(words);
    return { label: name, values: words.map((word) => known.indexOf(word)), tickvals: known.map((_, i) => i), ticktext: known.map(brief) };
  });
  const means = shown.map((one) => one.mean);
  dimensions.push({ label: data.metric, values: means });
  const line = { color: means, colorscale: [[0, ink("--pale")], [1, ink("--strong")]], reversescale: !data.larger, showscale: false };
  show(section.querySelector(".plot"), [{ type: "parcoords", dimensions, line, labelfont: { color: ink("--ink") }, tickfont: { color: ink("--ink") }, rangefont: { color: "rgba(0,0,0,0)" } }], { height: 420, margin: { l: 60, r: 60, t: 60, b: 24 } });
}

function drawCourse(state, section) {
  const { data } = state, { course } = data, box = section.querySelector(".plots");
  section.hidden = !course.some((one) => one.score !== null);
  if (section.hidden) return;
  makePlots(box, 2);
  const kinds = [
    ["configuration", (one) => one.score !== null && one.ended, "score", { color: ink("--soft"), size: 6, opacity: 0.6 }],
    ["pruned", (one) => one.score !== null && !one.ended, "score", { color: ink("--soft"), size: 6, symbol: "circle-open" }],
    ["by fresh seeds", (one) => one.confirmed !== null, "confirmed", { color: COLORS[1], size: 9, symbol: "triangle-up" }],
  ];
  const all = course.map((one) => one.score).filter((value) => value !== null);
  const scale = data.larger ? "linear" : scaleOf(all);
  [["configurations asked for", (one) => course.indexOf(one) + 1], ["seconds of training", (one) => one.seconds]].forEach(([title, x], at) => {
    const traces = kinds.map(([name, has, key, marker]) => {
      const mine = course.filter(has);
      return { x: mine.map(x), y: mine.map((one) => one[key]), customdata: mine.map((one) => one.place), name, marker, mode: "markers", hovertemplate: `%{y:.4g}<extra>${name}</extra>` };
    }).filter((trace) => trace.x.length);
    traces.push({ x: course.map(x), y: course.map((one) => one.best), name: "best so far", mode: "lines", line: { shape: "hv", color: COLORS[0], width: 2 }, hoverinfo: "skip" });
    show(box.children[at], traces, { height: 320, showlegend: true, xaxis: axis(title, { rangemode: "tozero" }), yaxis: axis(data.metric, { type: scale }) });
    onPoint(state, box.children[at]);
  });
}

function drawImportance(state, section) {
  const shares = [...state.data.importance].reverse();
  section.hidden = !shares.length;
  if (section.hidden) return;
  const x = shares.map(([, share]) => share), y = shares.map(([name]) => name);
  const bars = { type: "bar", orientation: "h", x, y, marker: { color: COLORS[0] }, texttemplate: "%{x:.0%}", textposition: "outside", cliponaxis: false, hoverinfo: "skip" };
  show(section.querySelector(".plot"), [bars], { height: 90 + 30 * shares.length, xaxis: axis("share", { tickformat: ".0%", rangemode: "tozero" }), yaxis: axis("", { type: "category" }), margin: { l: 56, r: 40, t: 12, b: 44 } });
}

function drawDifferences(state, section) {
  const { data } = state;
  const all = data.configurations.filter((one, at) => state.visible.has(at) && one.difference[0] !== null && one.difference[1] !== null);
  const shown = all.slice(0, MOST_DIFFERENCES).reverse();
  section.hidden = !shown.length;
  if (section.hidden) return;
  const x = shown.map((one) => one.difference[0]);
  const trace = {
    x, y: shown.map((_, at) => at), customdata: shown.map((one) => best(state, one.trials)), mode: "markers", marker: { color: COLORS[0], size: 8 },
    error_x: { type: "data", symmetric: false, array: shown.map((one, at) => one.difference[2] - x[at]), arrayminus: shown.map((one, at) => x[at] - one.difference[1]), color: COLORS[0] },
    text: shown.map((one) => escaped(`${one.label}${one.p === null ? "" : `, p = ${one.p}`}`)), hovertemplate: "%{x:.4g}<br>%{text}<extra></extra>",
  };
  const names = shown.map((one) => escaped(one.label + (one.p === null ? "" : `  (p ${one.p < 0.001 ? "< 0.001" : `= ${one.p.toPrecision(2)}`})`)));
  const y = axis("", { tickvals: shown.map((_, at) => at), ticktext: names, automargin: true });
  const div = section.querySelector(".plot"), narrow = div.clientWidth < 600;
  const line = { type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: ink("--ink"), width: 1, dash: "dot" } };
  show(div, [trace], { height: 110 + 24 * shown.length, xaxis: axis(`difference in ${data.metric}`), yaxis: narrow ? { ...y, tickfont: { size: 9 } } : y, shapes: [line] });
  onPoint(state, div);
}

function drawTrial(state, box) {
  const { data } = state, place = state.selected;
  if (place === null) return;
  const measures = [...new Set(Object.keys(data.curves).map((column) => column.replace(/^(train|val)_/, "")))];
  makePlots(box, measures.length);
  measures.forEach((measure, index) => {
    const div = box.children[index];
    const columns = Object.keys(data.curves).filter((column) => column.replace(/^(train|val)_/, "") === measure).sort();
    const traces = columns.map((column, at) => ({ ...curve(data, column, place), name: column, mode: "lines", line: { color: COLORS[at], dash: DASHES[at], width: 2 } }));
    const { best: kept } = data.trials[place];
    const line = { type: "line", x0: kept, x1: kept, yref: "paper", y0: 0, y1: 1, line: { color: ink("--soft"), width: 1, dash: "dot" } };
    const all = traces.flatMap((trace) => trace.y).filter((value) => value !== null);
    const note = { text: `kept: epoch ${kept}`, x: kept, yref: "paper", y: 0, yanchor: "bottom", xanchor: kept > data.lengths[place] / 2 ? "right" : "left", showarrow: false, font: { size: 10, color: ink("--soft") } };
    show(div, traces, { height: 290, showlegend: true, xaxis: epochAxis(data), yaxis: axis(measure, { type: measure === "loss" ? scaleOf(all) : "linear" }), shapes: kept ? [line] : [], annotations: kept ? [note] : [] });
  });
}

const CHARTS = { curves: drawCurves, options: drawOptions, parallel: drawParallel, course: drawCourse, importance: drawImportance, differences: drawDifferences, trial: drawTrial };

function drawAll(state) {
  if (typeof Plotly === "undefined") return;
  for (const section of state.article.querySelectorAll("[data-chart]")) CHARTS[section.dataset.chart](state, section);
}

function escaped(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

// ---- start ----

async function loadPlotly() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

for (const state of states) {
  setUpTables(state);
  const choice = state.article.querySelector('[data-chart="curves"] select');
  choice?.append(...Object.keys(state.data.curves).map((column) => new Option(column)));
  choice?.addEventListener("change", () => { state.column = choice.value; drawAll(state); });
  state.article.querySelector(".copy").addEventListener("click", async (event) => {
    const code = event.target.previousElementSibling;
    getSelection().selectAllChildren(code);
    await navigator.clipboard?.writeText(code.textContent).catch(() => {});
  });
}

const redraw = () => states.forEach(drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => { printing = true; redraw(); });
addEventListener("afterprint", () => { printing = false; redraw(); });
addEventListener("hashchange", selectByHash);

loadPlotly().then(() => {
  selectFirst();
  document.documentElement.dataset.ready = "yes";
});
