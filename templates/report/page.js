(() => {
  "use strict";

  const run = JSON.parse(document.getElementById("data").textContent);
  const { nodes, graph } = run;
  const $ = (id) => document.getElementById(id);
  const STEP = 200; // so many rows are shown, and so many more when they are asked for

  const TONES = {
    applied: "ok", destroyed: "ok", passed: "ok", done: "ok", unchanged: "same", planned: "planned",
    failed: "failed", refused: "failed", skipped: "held", declined: "held", interrupted: "held", unfinished: "unfinished",
  };
  // Drawn, since not every machine has letters for them.
  const SIGNS = {
    ok: "M3 8.5l3.4 3.4L13 4.6", same: "M3 6h10M3 10h10", planned: "M2.5 9.5c2-5 4-3.5 5.5-1.5s3.5 3.5 5.5-1.5",
    failed: "M4 4l8 8M12 4l-8 8", held: "M3.5 8h9", unfinished: "M3 8h.01M8 8h.01M13 8h.01",
  };
  const WORDS = {
    ok: "Done", same: "Unchanged", planned: "Changes", failed: "Failed", held: "Not done", unfinished: "Not finished",
  };
  const GRAVEST = ["failed", "unfinished", "held", "planned", "ok", "same"];

  const isLoss = (change) => change.action === "delete" || change.action === "replace";
  const changeText = (change) => [change.address, change.from ?? ""];
  nodes.forEach((node, index) => {
    node.index = index;
    node.needed = [];
    node.tone = node.result === "planned" && !node.plan?.changes ? "same" : TONES[node.result] ?? "unfinished";
    node.losses = (node.resources ?? []).filter(isLoss);
    node.words = [
      node.name, node.result, node.message ?? "", node.note ?? "", node.advice ?? "", ...(node.mocked ?? []), ...(node.waits_for ?? []),
      ...[...(node.resources ?? []), ...(node.outputs ?? []), ...(node.drift ?? [])].flatMap(changeText),
    ].join("\n").toLowerCase();
  });
  for (const node of nodes) for (const other of node.after) nodes[other].needed.push(node.index);
  for (const node of nodes) {
    // What it waited for last is what it could begin after.
    let last = null;
    for (const other of node.after) if (nodes[other].ended != null && (last === null || nodes[other].ended > nodes[last].ended)) last = other;
    node.waitedFor = last;
    node.ready = last === null ? 0 : nodes[last].ended;
  }

  const state = { query: "", filter: null, found: nodes, units: STEP, rows: STEP, open: new Set(), order: "run", selected: -1 };

  // --- small things --------------------------------------------------------------------------------------

  const element = (name, properties = {}, ...children) => {
    const { dataset, style, ...rest } = properties;
    const made = Object.assign(document.createElement(name), rest);
    for (const [key, value] of Object.entries(style ?? {})) made.style.setProperty(key, value);
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  };
  const text = (name, className, textContent) => element(name, { className, textContent });
  const plural = (number, one, more) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;
  const duration = (seconds) => {
    if (seconds < 10) return `${seconds.toFixed(1)}s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole}s`;
    if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, "0")}s`;
    return `${Math.floor(whole / 3600)}h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")}m`;
  };
  const terms = () => state.query.toLowerCase().split(/\s+/).filter(Boolean);

  /** A text with what is sought marked in it; names keep their own direction. */
  function marked(content) {
    const target = element("bdi");
    const lower = content.toLowerCase();
    const word = terms().find((term) => lower.includes(term));
    if (!word || lower.length !== content.length) {
      target.append(content);
    } else {
      const at = lower.indexOf(word);
      target.append(content.slice(0, at), text("mark", "", content.slice(at, at + word.length)), content.slice(at + word.length));
    }
    return target;
  }

  function sign(tone) {
    const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    for (const [name, value] of [["viewBox", "0 0 16 16"], ["class", "sign"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    path.setAttribute("d", SIGNS[tone]);
    svg.append(path);
    return svg;
  }

  const word = (node) => (node.result === "unfinished" ? "not finished" : node.tone === "same" && node.result === "planned" ? "no changes" : node.result);
  const pill = (node) => element("span", { className: `pill ${node.tone}` }, sign(node.tone), word(node));
  const link = (node) => {
    const button = element("button", { type: "button", className: "link" }, marked(node.name));
    button.addEventListener("click", () => go(node.index));
    return button;
  };

  // --- the head ------------------------------------------------------------------------------------------

  function head() {
    const any = (tone) => nodes.some((node) => node.tone === tone);
    const tone = any("failed") ? "failed" : any("unfinished") || !run.finished ? "unfinished" : any("held") ? "held" : any("planned") ? "planned" : "ok";
    $("sign").className = tone;
    $("sign").replaceChildren(sign(tone));
    $("title").textContent = `slipway ${run.command}: ${run.verdict}${run.finished ? "" : " (the run has not finished)"}`;
    $("words").textContent = run.words ?? "";
    $("words").hidden = !run.words;
    const facts = [
      plural(nodes.length, "unit", "units"), duration(run.seconds),
      run.started && new Date(run.started).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }) + " UTC",
      run.user && `by ${run.user}`, run.commit && `commit ${run.commit.slice(0, 12)}`,
      `${run.engine} engine, ${run.parallelism} at once`, `run ${run.run}`,
    ];
    $("facts").replaceChildren(...facts.filter(Boolean).map((fact) => text("span", "", fact)));
    const sum = (key) => nodes.reduce((all, node) => all + (node.plan?.[key] ?? 0), 0);
    const planned = run.command === "plan";
    const totals = [
      ["add", "to add", "added"], ["change", "to change", "changed"], ["replace", "to replace", "replaced"],
      ["destroy", "to destroy", "destroyed"], ["import", "to import", "imported"], ["move", "to move", "moved"],
      ["forget", "to forget", "forgotten"],
    ].map(([key, plan, done], place) => [key, planned ? plan : done, sum(key), place]).filter(([, , count, place]) => count > 0 || place < 4);
    $("totals").replaceChildren(...totals.map(([key, label, count]) => {
      const loud = count > 0 && (key === "replace" || key === "destroy");
      return element("li", { className: loud ? "loud" : "" }, text("b", "", count.toLocaleString("en")), label);
    }));
    $("totals").hidden = !nodes.some((node) => node.plan);
  }

  function filters() {
    const counts = new Map();
    for (const node of nodes) counts.set(node.tone, (counts.get(node.tone) ?? 0) + 1);
    const made = GRAVEST.filter((tone) => counts.has(tone)).map((tone) => {
      const button = element("button", { type: "button", className: tone }, element("i"), `${WORDS[tone]} ${counts.get(tone).toLocaleString("en")}`);
      button.setAttribute("aria-pressed", String(state.filter === tone));
      button.addEventListener("click", () => {
        state.filter = state.filter === tone ? null : tone;
        for (const other of $("filters").children) other.setAttribute("aria-pressed", String(other === button && state.filter !== null));
        narrow();
      });
      return button;
    });
    $("filters").replaceChildren(...made);
  }

  // --- what is first -------------------------------------------------------------------------------------

  function trouble(node, isOpen) {
    const parts = [];
    if (node.message) parts.push(text("pre", "message", node.message));
    if (node.advice) parts.push(element("p", { className: "advice" }, text("b", "", "Way out: "), node.advice));
    for (const lock of node.locks ?? []) parts.push(element("p", { className: "advice" }, text("b", "", "Lock left: "), lock));
    for (const retry of node.retries ?? []) {
      parts.push(text("p", "", `Attempt ${retry.attempt} failed at ${duration(retry.at)}, the next came ${duration(retry.pause)} later: ${retry.cause}`));
    }
    if (node.log) parts.push(element("details", { open: isOpen }, text("summary", "", "The end of its log"), text("pre", "", node.log)));
    return parts;
  }

  function first() {
    const failed = nodes.filter((node) => node.tone === "failed" || (node.tone === "unfinished" && node.began != null));
    const shown = failed.slice(0, 50);
    $("failures").hidden = failed.length === 0;
    $("failures-title").textContent = failed.length > shown.length ? `Failures, ${shown.length} of ${failed.length}` : "Failures";
    $("failures").querySelector(".cards").replaceChildren(...shown.map((node) => {
      const behind = node.needed.length > 0 ? text("p", "", `${plural(node.needed.length, "unit waits", "units wait")} for it.`) : null;
      return element("article", { className: "card" }, element("div", { className: "name" }, link(node), " ", pill(node)), ...trouble(node, failed.length <= 3), behind);
    }));

    const losing = nodes.filter((node) => node.losses.length > 0);
    $("losses").hidden = losing.length === 0;
    const lost = losing.reduce((all, node) => all + node.losses.length, 0);
    const DONE = ["ok", "same"];
    const went = losing.every((node) => DONE.includes(node.tone));
    const [one, several] = run.command === "plan" ? ["resource would be", "resources would be"]
      : went ? ["resource is", "resources are"] : ["resource was planned to be", "resources were planned to be"];
    $("losses-title").textContent = `${plural(lost, one, several)} destroyed or replaced`;
    const told = losing.slice(0, 100).map((node) => {
      const named = node.losses.slice(0, 8).flatMap((change, place) => [place > 0 ? ", " : "", text("code", "", change.address), change.action === "replace" ? " (replaced)" : ""]);
      const more = node.losses.length > 8 ? ` and ${node.losses.length - 8} more` : "";
      return element("li", {}, link(node), ": ", ...named, more);
    });
    if (losing.length > 100) told.push(text("li", "", `and ${losing.length - 100} units more`));
    $("losses").querySelector("ul").replaceChildren(...told);

    const notes = [];
    const open = nodes.filter((node) => node.waits_for && !node.mocked);
    if (open.length > 0) {
      notes.push(element("p", {}, text("span", "pill held", `${plural(open.length, "plan is", "plans are")} provisional`), " some inputs are known only once what they come from is applied."));
    }
    const mocked = nodes.filter((node) => node.mocked);
    if (mocked.length > 0) {
      notes.push(element("p", {}, text("span", "pill held", `${plural(mocked.length, "plan is", "plans are")} provisional`), " made on mock outputs of what was never applied; an apply may do something else."));
    }
    const drifted = nodes.filter((node) => node.drift);
    if (drifted.length > 0) {
      const all = drifted.reduce((sum, node) => sum + node.drift.length, 0);
      notes.push(element("p", {}, text("span", "pill planned", "drift"), ` ${plural(all, "resource was", "resources were")} changed outside of Terraform, in ${plural(drifted.length, "unit", "units")}.`));
    }
    if (run.resumed?.length > 0) notes.push(text("p", "", `The run was stopped and gone on with ${plural(run.resumed.length, "time", "times")}; the time between is left out.`));
    $("notes").hidden = notes.length === 0;
    $("notes").replaceChildren(...notes);
  }

  // --- the timeline --------------------------------------------------------------------------------------

  const phase = (step) =>
    /^(trying again|waiting)/.test(step) ? "bar-wait"
    : /^(prepare|backend|init)/.test(step) ? "bar-init"
    : /^(plan|show|outputs)/.test(step) ? "bar-plan"
    : "bar-apply";

  /** How far apart the lines are, so that there are about eight. */
  function tick(seconds) {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
    return steps.find((step) => seconds / step <= 8) ?? Math.ceil(seconds / 8);
  }

  function timeline() {
    const started = state.found.filter((node) => node.began != null).sort((a, b) => a.began - b.began || a.index - b.index);
    $("timeline").hidden = !nodes.some((node) => node.began != null);
    const end = Math.max(run.seconds, 0.1);
    const step = tick(end);
    const percent = (second) => `${((Math.min(second, end) / end) * 100).toFixed(3)}%`;
    const axis = [];
    for (let second = 0; second <= end * 1.0001; second += step) {
      const label = second === 0 ? "0" : step < 1 ? `${second.toFixed(1)}s` : duration(second).replace(/\.0s$/, "s").replace(/ 00s$/, "");
      axis.push(element("span", { textContent: label, className: second / end > 0.96 ? "last" : "", style: { left: percent(second) } }));
    }
    $("timeline").querySelector(".axis").replaceChildren(...axis);
    const rows = $("timeline").querySelector(".rows");
    rows.style.setProperty("--tick", `${((step / end) * 100).toFixed(4)}%`);
    rows.replaceChildren(...started.slice(0, state.rows).map((node) => {
      const until = node.ended ?? end;
      const bar = element("span", { className: `ran ${node.tone}`, style: { left: percent(node.began), width: percent(until - node.began) } });
      const long = Math.max(until - node.began, 0.01);
      const steps = (node.steps ?? []).map(([name, at], place, all) => ({ name, at, until: Math.max(at, Math.min(all[place + 1]?.[1] ?? until, until)) }));
      for (const part of steps) {
        bar.append(element("i", { className: phase(part.name), style: { left: `${((part.at - node.began) / long) * 100}%`, width: `${((part.until - part.at) / long) * 100}%` } }));
      }
      if (steps.length === 0) bar.append(element("i", { className: "bar-apply", style: { left: "0", width: "100%" } }));
      const waited = node.began - node.ready;
      const told = [`${node.name}: ${node.result} in ${duration(until - node.began)}`, ...stepsTold(node), ...waits(node)].join("\n");
      bar.title = told;
      const track = element("div", { className: "track" });
      if (waited > end / 400) track.append(element("span", { className: "wait", title: told, style: { left: percent(node.ready), width: percent(waited) } }));
      track.append(bar);
      const left = until / end > 0.9;
      track.append(element("span", { className: left ? "took left" : "took", textContent: duration(until - node.began), style: { left: percent(left ? node.began : until) } }));
      for (const at of run.resumed ?? []) track.append(element("span", { className: "resumed", title: "gone on with here", style: { left: percent(at) } }));
      track.addEventListener("click", () => go(node.index));
      const label = element("button", { type: "button", className: "label", title: node.name }, marked(node.name));
      label.addEventListener("click", () => go(node.index));
      const row = element("div", { className: "row" }, label, track);
      row.setAttribute("role", "listitem");
      return row;
    }));
    more($("timeline"), started.length, "rows");
  }

  const stepsTold = (node) => (node.steps ?? []).map(([name, at], place, all) => `${name} ${duration(Math.max(0, (all[place + 1]?.[1] ?? node.ended ?? run.seconds) - at))}`);

  function waits(node) {
    if (node.began == null) return [];
    const told = [];
    if (node.waitedFor !== null) told.push(`could begin at ${duration(node.ready)}, after ${nodes[node.waitedFor].name}`);
    if (node.began - node.ready > 0.05) told.push(`waited ${duration(node.began - node.ready)} for a place`);
    return told;
  }

  function more(section, count, which) {
    const button = section.querySelector(".more");
    button.hidden = count <= state[which];
    button.textContent = `Show ${Math.min(STEP, count - state[which])} more of ${count.toLocaleString("en")}`;
  }

  // --- the units -----------------------------------------------------------------------------------------

  function ordered() {
    const list = [...state.found];
    if (state.order === "grave") list.sort((a, b) => GRAVEST.indexOf(a.tone) - GRAVEST.indexOf(b.tone) || b.losses.length - a.losses.length || a.index - b.index);
    if (state.order === "long") list.sort((a, b) => b.seconds - a.seconds || a.index - b.index);
    return list;
  }

  function units() {
    const list = ordered();
    const body = $("units").querySelector("tbody");
    body.replaceChildren(...list.slice(0, state.units).flatMap(row));
    $("nothing").hidden = list.length > 0;
    more($("units"), list.length, "units");
  }

  function row(node) {
    const opened = state.open.has(node.index);
    const toggle = element("button", { type: "button", className: "toggle" }, element("span", {}, marked(node.name), node.gate && text("span", "tag", "gate"), (node.mocked || node.waits_for) && text("span", "tag", "provisional")));
    toggle.setAttribute("aria-expanded", String(opened));
    const count = (key) => {
      const number = node.plan?.[key] ?? 0;
      if (node.plan && !node.plan.known) return element("td", { className: "number", textContent: "·", title: "nobody knows" });
      return text("td", `number${number > 0 && (key === "replace" || key === "destroy") ? " loss" : ""}`, number > 0 ? number.toLocaleString("en") : "");
    };
    const short = node.plan?.known ? `+${node.plan.add} ~${node.plan.change} ±${node.plan.replace} -${node.plan.destroy}` : "";
    const made = element(
      "tr", { className: opened ? "unit open" : "unit", id: `unit-${node.index}` },
      element("td", {}, toggle), element("td", {}, pill(node), text("span", "short", short)),
      count("add"), count("change"), count("replace"), count("destroy"),
      text("td", "time", node.seconds > 0 ? duration(node.seconds) : ""),
    );
    toggle.addEventListener("click", () => {
      if (!state.open.delete(node.index)) state.open.add(node.index);
      const [now, detail] = row(node);
      if (made.nextSibling?.className === "detail") made.nextSibling.remove();
      made.replaceWith(now, ...(detail ? [detail] : []));
      now.querySelector("button").focus();
    });
    return opened ? [made, element("tr", { className: "detail" }, element("td", { colSpan: 7 }, ...details(node)))] : [made];
  }

  function details(node) {
    const parts = trouble(node, true);
    const heading = (title) => parts.push(text("h3", "", title));
    if (node.note) parts.push(text("p", "", node.note));
    if (node.last_look) parts.push(text("p", "", `What is really there was not looked at: ${node.last_look}, when all was as it is now.`));
    if (node.waits_for) parts.push(text("p", "", `Provisional: some inputs are known after the apply of ${node.waits_for.join(", ")}.`));
    if (node.mocked) parts.push(text("p", "", `Provisional: planned on mock outputs of ${node.mocked.join(", ")}.`));
    for (const judged of node.judgements ?? []) {
      const tone = { denied: "failed", warned: "held" }[judged.verdict] ?? "ok";
      parts.push(element("p", {}, text("span", `pill ${tone}`, `${judged.verdict} by policy ${judged.policy}`), " ", judged.messages.join("; ")));
    }
    if (node.cost) parts.push(text("p", "", `Costs ${node.cost.after.toFixed(2)} ${node.cost.currency} a month, ${node.cost.before.toFixed(2)} before.`));
    if (node.resources) {
      heading("Resources");
      parts.push(changes(node.resources));
    }
    if (node.outputs) {
      heading("Outputs");
      parts.push(changes(node.outputs));
    }
    if (node.drift) {
      heading("Changed outside of Terraform");
      parts.push(changes(node.drift));
    }
    if (node.steps?.length > 0) {
      heading(["Steps", ...waits(node)].join(", "));
      parts.push(element("ul", { className: "steps" }, ...stepsTold(node).map((step) => text("li", "", step))));
    }
    for (const [title, list] of [["Depends on", node.after], ["Is needed by", node.needed]]) {
      if (list.length === 0) continue;
      heading(`${title} ${list.length}`);
      const behind = list.length > 50 ? text("span", "", `and ${list.length - 50} more`) : null;
      parts.push(element("div", { className: "links" }, ...list.slice(0, 50).map((other) => link(nodes[other])), behind));
    }
    if (parts.length === 0) parts.push(text("p", "", "There is nothing more to tell."));
    return parts;
  }

  const ACTION_TONES = { create: "ok", update: "planned", delete: "loss", replace: "loss", import: "ok", move: "planned", forget: "held" };

  function changes(list) {
    const shown = list.slice(0, 300).map((change) => {
      const about = [change.from && `was ${change.from}`, change.id && `id ${change.id}`, change.reason?.replaceAll("_", " ")].filter(Boolean).join(", ");
      const line = [text("span", `action ${ACTION_TONES[change.action] ?? "same"}`, change.sign), element("code", {}, marked(change.address)), about && text("small", "", ` ${about}`)];
      if (!change.attributes?.length) return element("li", {}, ...line);
      return element("li", {}, element("details", { open: list.length <= 3 }, element("summary", {}, ...line), element("div", { className: "attributes mono" }, ...change.attributes.map(attribute))));
    });
    if (list.length > 300) shown.push(text("li", "", `and ${(list.length - 300).toLocaleString("en")} more`));
    return element("ul", { className: "changes" }, ...shown);
  }

  const value = (shown, className) => text("span", className, shown);

  function attribute(change) {
    const forces = change.forces ? text("span", "forces", " forces replacement") : null;
    const name = change.path === "" ? "" : `${change.path} = `;
    if (change.lines.length > 0) {
      const lines = change.lines.map(([sign, line]) => text("span", { "+": "plus", "-": "minus" }[sign] ?? "", `${sign} ${line}`));
      return element("div", {}, name, forces, element("pre", { className: "lines" }, ...lines));
    }
    const parts = [];
    if (change.before !== null) parts.push(value(change.before, "before"));
    if (change.before !== null && change.after !== null) parts.push(" → ");
    if (change.after !== null) parts.push(value(change.after, "after"));
    return element("div", {}, name, ...parts, forces);
  }

  /** Shows a unit in the table, opened. */
  function go(index) {
    if (!state.found.includes(nodes[index])) {
      state.query = $("search").value = "";
      state.filter = null;
      filters();
      narrow();
    }
    state.open.add(index);
    state.selected = index;
    const place = ordered().indexOf(nodes[index]);
    if (place >= state.units) state.units = place + STEP;
    units();
    ask();
    const row = $(`unit-${index}`);
    row.scrollIntoView({ block: "start" });
    row.querySelector("button").focus({ preventScroll: true });
  }

  // --- searching -----------------------------------------------------------------------------------------

  function narrow() {
    const wanted = terms();
    state.found = nodes.filter((node) => (state.filter === null || node.tone === state.filter) && wanted.every((term) => node.words.includes(term)));
    const all = state.found.length === nodes.length;
    const count = `${state.found.length.toLocaleString("en")} of ${nodes.length.toLocaleString("en")}`;
    $("matches").textContent = all ? "" : count;
    $("told").textContent = all ? "" : `${count} units`;
    state.units = STEP;
    state.rows = STEP;
    timeline();
    units();
    ask();
  }

  // --- the graph -----------------------------------------------------------------------------------------

  const canvas = $("canvas");
  const stage = canvas.parentElement;
  const pen = canvas.getContext("2d");
  const signs = Object.fromEntries(Object.entries(SIGNS).map(([tone, path]) => [tone, new Path2D(path)]));
  const view = { x: 0, y: 0, scale: 1 };
  const size = { width: 0, height: 0 };
  let colors = {};
  let asked = false;
  let hovered = -1;
  let frames = 0;

  /** One frame for however many reasons. */
  function ask() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  }

  /** A gate, whose tips are where lines begin and end. */
  function hexagon(x, y, width) {
    const [right, bottom, middle, slant] = [x + width, y + graph.unitHeight, y + graph.unitHeight / 2, 11];
    pen.moveTo(x, middle);
    for (const [px, py] of [[x + slant, y], [right - slant, y], [right, middle], [right - slant, bottom], [x + slant, bottom]]) pen.lineTo(px, py);
    pen.closePath();
  }

  function draw() {
    asked = false;
    frames += 1;
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    pen.translate(view.x, view.y);
    pen.scale(view.scale, view.scale);
    pen.textBaseline = "middle";
    const font = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Open Sans', sans-serif";
    for (const card of graph.cards) {
      pen.beginPath();
      pen.roundRect(card.x, card.y, card.width, card.height, 12);
      pen.fillStyle = colors.panel;
      pen.fill();
      pen.strokeStyle = colors.rule;
      pen.lineWidth = 1 / view.scale;
      pen.stroke();
    }
    const found = state.found.length === nodes.length ? null : new Set(state.found.map((node) => node.index));
    const lit = hovered >= 0 ? hovered : state.selected;
    const plain = new Path2D();
    const near = new Path2D();
    for (const [from, to, way] of graph.links) {
      const path = lit >= 0 && (from === lit || to === lit) ? near : plain;
      path.moveTo(way[0], way[1]);
      for (let place = 2; place < way.length; place += 2) {
        const [x0, y0, x1, y1] = [way[place - 2], way[place - 1], way[place], way[place + 1]];
        const pull = Math.min(Math.max(Math.abs(x1 - x0) / 2, 24), 240);
        path.bezierCurveTo(x0 + pull, y0, x1 - pull, y1, x1, y1);
      }
    }
    pen.strokeStyle = colors.line;
    pen.lineWidth = 1.2 / Math.min(1, view.scale);
    pen.globalAlpha = found || lit >= 0 ? 0.3 : 0.8;
    pen.stroke(plain);
    pen.globalAlpha = 1;
    pen.strokeStyle = colors.accent;
    pen.lineWidth = 2.2 / Math.min(1, view.scale);
    pen.stroke(near);
    const readable = graph.unitHeight * view.scale >= 9;
    pen.font = `12px ${font}`;
    graph.units.forEach(([x, y, width, label], index) => {
      const node = nodes[index];
      const tone = node.losses.length > 0 && node.tone === "planned" ? "loss" : node.tone;
      pen.globalAlpha = found && !found.has(index) ? 0.15 : 1;
      pen.beginPath();
      if (node.gate) hexagon(x, y, width);
      else pen.roundRect(x, y, width, graph.unitHeight, 6);
      pen.fillStyle = readable ? colors.tints[tone] : colors.tones[tone];
      pen.fill();
      pen.strokeStyle = index === lit ? colors.text : colors.tones[tone];
      pen.lineWidth = index === lit ? 2.4 : 1.2;
      pen.stroke();
      if (readable) {
        pen.save();
        pen.translate(x + (node.gate ? 11 : 7), y + graph.unitHeight / 2 - 5.5);
        pen.scale(0.7, 0.7);
        pen.strokeStyle = colors.tones[tone];
        pen.lineWidth = 2.4;
        pen.lineCap = "round";
        pen.stroke(signs[node.tone]);
        pen.restore();
        pen.fillStyle = colors.text;
        pen.fillText(label, x + (node.gate ? 25 : 22), y + graph.unitHeight / 2 + 1, width - (node.gate ? 34 : 28));
      }
    });
    pen.globalAlpha = 1;
    for (const card of graph.cards) {
      const high = Math.max(13, Math.min(11 / view.scale, card.height * 0.3));
      if (high * view.scale < 5) continue;
      pen.font = `600 ${high}px ${font}`;
      pen.fillStyle = colors.quiet;
      pen.fillText(card.title === "" ? "" : card.title, card.x + 16, card.y + Math.max(20, high * 0.72), card.width - 24);
    }
  }

  const fitting = () => Math.min((size.width - 24) / graph.width, (size.height - 24) / graph.height, 1.25) || 1;
  function fit() {
    view.scale = fitting();
    view.x = (size.width - graph.width * view.scale) / 2;
    view.y = (size.height - graph.height * view.scale) / 2;
    ask();
  }

  function zoom(factor, x = size.width / 2, y = size.height / 2) {
    const scale = Math.min(Math.max(view.scale * factor, Math.min(fitting() / 2, 0.5)), 4);
    const grown = scale / view.scale;
    Object.assign(view, { scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown });
    ask();
  }

  function resize() {
    const first = size.width === 0;
    size.width = stage.clientWidth;
    size.height = stage.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    if (first || view.untouched) fit();
    ask();
  }

  function unitAt(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left - view.x) / view.scale, (event.clientY - box.top - view.y) / view.scale];
    return graph.units.findIndex(([left, top, width]) => x >= left && y >= top && x <= left + width && y <= top + graph.unitHeight);
  }

  function hover(event) {
    const unit = unitAt(event);
    canvas.classList.toggle("on-unit", unit >= 0);
    if (unit !== hovered) {
      hovered = unit;
      ask();
    }
    const tip = $("tip");
    tip.hidden = unit < 0;
    if (unit < 0) return;
    const node = nodes[unit];
    tip.textContent = [`${node.name}: ${node.result}`, node.seconds > 0 ? ` in ${duration(node.seconds)}` : "", node.plan?.known ? ` (+${node.plan.add} ~${node.plan.change} ±${node.plan.replace} -${node.plan.destroy})` : ""].join("");
    const box = stage.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 14, size.width - tip.offsetWidth - 6);
    const top = Math.min(event.clientY - box.top + 16, size.height - tip.offsetHeight - 6);
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  function watchGraph() {
    $("graph").hidden = nodes.length === 0;
    let dragged = null;
    canvas.addEventListener("pointerdown", (event) => {
      dragged = { x: event.clientX, y: event.clientY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!dragged) return hover(event);
      const [x, y] = [event.clientX - dragged.x, event.clientY - dragged.y];
      if (!dragged.moved && Math.hypot(x, y) < 4) return;
      Object.assign(dragged, { x: event.clientX, y: event.clientY, moved: true });
      view.x += x;
      view.y += y;
      view.untouched = false;
      ask();
    });
    canvas.addEventListener("pointerup", (event) => {
      const unit = dragged && !dragged.moved ? unitAt(event) : -1;
      dragged = null;
      if (unit >= 0) go(unit);
    });
    canvas.addEventListener("pointerleave", () => {
      hovered = -1;
      $("tip").hidden = true;
      ask();
    });
    canvas.addEventListener("wheel", (event) => {
      // The page scrolls over the graph; who holds Ctrl, or pinches, wants to go nearer.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      view.untouched = false;
      zoom(Math.exp(-event.deltaY / 240), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    for (const [id, factor] of [["zoom-in", 1.4], ["zoom-out", 1 / 1.4]]) {
      $(id).addEventListener("click", () => {
        view.untouched = false;
        zoom(factor);
      });
    }
    $("fit").addEventListener("click", () => {
      view.untouched = true;
      fit();
    });
    view.untouched = true;
    new ResizeObserver(resize).observe(stage);
    resize();
  }

  // --- light and dark ------------------------------------------------------------------------------------

  const dark = matchMedia("(prefers-color-scheme: dark)");
  function theme(name) {
    document.documentElement.dataset.theme = name;
    const style = getComputedStyle(document.documentElement);
    const color = (variable) => style.getPropertyValue(`--${variable}`).trim();
    colors = { tones: {}, tints: {} };
    for (const name of ["panel", "rule", "line", "accent", "text", "quiet"]) colors[name] = color(name);
    for (const tone of ["ok", "same", "planned", "failed", "held", "unfinished", "loss"]) {
      colors.tones[tone] = color(tone);
      colors.tints[tone] = color(`${tone}-ground`);
    }
    ask();
  }
  theme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));

  // --- beginning -----------------------------------------------------------------------------------------

  $("search").addEventListener("input", () => {
    state.query = $("search").value;
    narrow();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      $("search").focus();
    } else if (event.key === "Escape" && event.target === $("search")) {
      $("search").value = state.query = "";
      narrow();
    }
  });
  $("order").addEventListener("change", () => {
    state.order = $("order").value;
    units();
  });
  for (const [section, which, show] of [["timeline", "rows", timeline], ["units", "units", units]]) {
    $(section).querySelector(".more").addEventListener("click", () => {
      state[which] += STEP;
      show();
    });
  }
  head();
  filters();
  first();
  timeline();
  units();
  watchGraph();

  window.slipwayReport = {
    state: () => ({ nodes: nodes.length, found: state.found.length, open: state.open.size, frames, scale: view.scale }),
    where: (name) => {
      const index = nodes.findIndex((node) => node.name === name);
      const [x, y, width] = graph.units[index];
      return { x: (x + width / 2) * view.scale + view.x, y: (y + graph.unitHeight / 2) * view.scale + view.y };
    },
  };
})();
