(() => {
  "use strict";

  const graph = JSON.parse(document.getElementById("data").textContent);
  const { units, links, cards, unitHeight } = graph;
  const $ = (id) => document.getElementById(id);
  const canvas = $("canvas");
  const stage = $("stage");
  const tip = $("tip");
  const search = $("search");
  const pen = canvas.getContext("2d");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const LISTED = 200; // more in the list help nobody; the search narrows it
  const READABLE = 8; // a unit lower than this, in pixels, is drawn without its label
  const LEGEND = 44; // what the legend takes of the height
  const NEAREST = 4; // the most a picture is enlarged
  const FONT = "12px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Open Sans', sans-serif";
  const WALKED = 0.55; // whoever goes to a unit wants to read its label

  units.forEach((unit, index) => {
    unit.index = index;
    unit.dependencies = [];
    unit.dependents = [];
    unit.words = [unit.path, unit.source ?? "", unit.stack ?? "", unit.gate ?? "", ...unit.problems].join("\n").toLowerCase();
    unit.broken = unit.circle || unit.problems.length > 0;
  });
  for (const link of links) {
    units[link.to].dependencies.push({ unit: link.from, name: link.name });
    units[link.from].dependents.push({ unit: link.to, name: link.name });
    const xs = link.way.filter((_, place) => place % 2 === 0);
    const ys = link.way.filter((_, place) => place % 2 === 1);
    const turn = xs.at(-1) < xs[0] ? 240 : 0; // a line that goes back swings out
    link.box = [Math.min(...xs) - turn, Math.min(...ys), Math.max(...xs) + turn, Math.max(...ys)];
  }

  const view = { x: 0, y: 0, scale: 1 };
  const drawn = { frames: 0, units: 0, links: 0 };
  let size = { width: 0, height: 0, ratio: 1 };
  let colors = {};
  let hovered = -1;
  let selected = -1;
  let found = null; // the places of what the search found, or null where nothing is sought
  let lit = null; // what hangs together with the unit that is hovered or selected
  let asked = false;

  // --- what is lit ---------------------------------------------------------------------------------------

  /** Everything a unit is joined with in one direction: place → 1 for its neighbours, 2 for those behind. */
  function reach(from, direction) {
    const reached = new Map();
    let open = [from];
    for (let step = 1; open.length > 0; step = 2) {
      const next = [];
      for (const place of open) {
        for (const { unit } of units[place][direction]) {
          if (unit !== from && !reached.has(unit)) {
            reached.set(unit, step);
            next.push(unit);
          }
        }
      }
      open = next;
    }
    return reached;
  }

  function light() {
    const unit = hovered >= 0 ? hovered : selected;
    if (unit < 0) {
      lit = null;
    } else if (lit?.unit !== unit) {
      lit = { unit, dependencies: reach(unit, "dependencies"), dependents: reach(unit, "dependents") };
    }
    ask();
  }

  /** How a line is lit: its colour's name and whether it touches the unit itself. */
  function litLine(link) {
    const { unit, dependencies, dependents } = lit;
    if (link.to === unit) return ["dependency", 1];
    if (link.from === unit) return ["dependent", 1];
    if (dependencies.has(link.from) && dependencies.has(link.to)) return ["dependency", 2];
    if (dependents.has(link.from) && dependents.has(link.to)) return ["dependent", 2];
    return null;
  }

  // --- drawing -------------------------------------------------------------------------------------------

  /** One frame for however many reasons. */
  function ask() {
    if (!asked) {
      asked = true;
      requestAnimationFrame(draw);
    }
  }

  function draw() {
    asked = false;
    const { width, height, ratio } = size;
    const { x, y, scale } = view;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colors.ground;
    pen.fillRect(0, 0, width, height);
    pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
    const window = [-x / scale, -y / scale, (width - x) / scale, (height - y) / scale];
    Object.assign(drawn, { frames: drawn.frames + 1, units: 0, links: 0 });
    drawCards(window, scale);
    drawLinks(window, scale);
    drawUnits(window, scale);
    drawTitles(window, scale);
  }

  const apart = (box, left, top, right, bottom) =>
    right < box[0] || bottom < box[1] || left > box[2] || top > box[3];

  function drawCards(window, scale) {
    pen.lineWidth = 1 / scale;
    for (const card of cards) {
      if (apart(window, card.x, card.y, card.x + card.width, card.y + card.height)) continue;
      pen.beginPath();
      pen.roundRect(card.x, card.y, card.width, card.height, 12);
      pen.fillStyle = colors.tints[card.hue];
      pen.fill();
      pen.globalAlpha = 0.28;
      pen.strokeStyle = colors.hues[card.hue];
      pen.stroke();
      pen.globalAlpha = 1;
    }
  }

  function trace(way) {
    pen.moveTo(way[0], way[1]);
    for (let place = 2; place < way.length; place += 2) {
      const [x0, y0, x1, y1] = [way[place - 2], way[place - 1], way[place], way[place + 1]];
      if (y0 === y1 && x0 < x1) {
        pen.lineTo(x1, y1);
      } else {
        const pull = Math.min(Math.max(Math.abs(x1 - x0) / 2, 24), 240);
        pen.bezierCurveTo(x0 + pull, y0, x1 - pull, y1, x1, y1);
      }
    }
  }

  function drawLinks(window, scale) {
    const layers = new Map();
    const far = scale < 0.35;
    for (const link of links) {
      if (apart(window, ...link.box)) continue;
      drawn.links += 1;
      const how = lit && litLine(link);
      const name = how ? `${how[0]} ${how[1]}` : link.circle ? "circle" : "plain";
      if (!layers.has(name)) layers.set(name, []);
      layers.get(name).push(link.way);
    }
    const dim = lit ? 0.18 : found ? 0.25 : far ? 0.45 : 0.75;
    const styles = [
      ["plain", colors.line, far ? 0.8 : 1.2, dim],
      ["circle", colors.error, 1.8, lit ? 0.5 : 1],
      ["dependency 2", colors.dependency, 1.2, 0.5],
      ["dependent 2", colors.dependent, 1.2, 0.5],
      ["dependency 1", colors.dependency, 2.4, 1],
      ["dependent 1", colors.dependent, 2.4, 1],
    ];
    for (const [name, color, thickness, alpha] of styles) {
      const ways = layers.get(name);
      if (!ways) continue;
      pen.beginPath();
      for (const way of ways) trace(way);
      pen.strokeStyle = color;
      // Enlarged lines grow a little, shrunk ones stay visible.
      pen.lineWidth = (thickness * Math.max(1, Math.sqrt(scale))) / scale;
      pen.globalAlpha = alpha;
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  function mark(unit) {
    if (!lit) return null;
    if (unit.index === lit.unit) return "selected";
    if (lit.dependencies.has(unit.index)) return "dependency";
    if (lit.dependents.has(unit.index)) return "dependent";
    return null;
  }

  function prominence(unit, marked) {
    if (marked) return 1;
    if (lit) return found?.has(unit.index) ? 0.7 : 0.28;
    if (found) return found.has(unit.index) ? 1 : 0.2;
    return unit.excluded ? 0.55 : 1;
  }

  /** A unit is a box, a gate a hexagon whose tips are where lines begin and end. */
  function outline({ x, y, width, gate }, grown = 0) {
    const [left, top, right, bottom] = [x - grown, y - grown, x + width + grown, y + unitHeight + grown];
    if (!gate) {
      pen.roundRect(left, top, right - left, bottom - top, 6 + grown / 1.5);
      return;
    }
    const middle = (top + bottom) / 2;
    const slant = graph.slant + grown / 2;
    pen.moveTo(left, middle);
    for (const [px, py] of [[left + slant, top], [right - slant, top], [right, middle], [right - slant, bottom], [left + slant, bottom]]) pen.lineTo(px, py);
    pen.closePath();
  }

  function drawUnits(window, scale) {
    const readable = unitHeight * scale >= READABLE;
    pen.font = FONT;
    pen.textBaseline = "middle";
    for (const unit of units) {
      if (apart(window, unit.x, unit.y, unit.x + unit.width, unit.y + unitHeight)) continue;
      drawn.units += 1;
      const marked = mark(unit);
      const hue = colors.hues[cards[unit.card].hue];
      const near = marked && marked !== "selected" && lit[marked === "dependency" ? "dependencies" : "dependents"].get(unit.index) === 1;
      pen.globalAlpha = prominence(unit, marked);
      const edge = marked ? colors[marked] : unit.broken ? colors.error : readable ? colors.unitEdge : hue;
      if (!readable) {
        // Far away a unit is a block of colour.
        pen.fillStyle = marked || unit.broken ? edge : hue;
        pen.globalAlpha *= marked || unit.broken || found?.has(unit.index) ? 1 : 0.6;
        if (marked && marked !== "selected" && !near) pen.globalAlpha *= 0.6;
        pen.beginPath();
        outline(unit);
        pen.fill();
        if (marked === "selected" || found?.has(unit.index)) {
          pen.lineWidth = (marked === "selected" ? 3 : 2) / scale;
          pen.strokeStyle = marked === "selected" ? colors.selected : colors.accent;
          pen.strokeRect(unit.x - 2 / scale, unit.y - 2 / scale, unit.width + 4 / scale, unitHeight + 4 / scale);
        }
        continue;
      }
      if (unit.stack) {
        // What a stack generates lies on a pile.
        pen.beginPath();
        pen.roundRect(unit.x + 3, unit.y + 3, unit.width, unitHeight, 6);
        pen.fillStyle = colors.unit;
        pen.fill();
        pen.strokeStyle = edge;
        pen.lineWidth = 1;
        pen.stroke();
      }
      pen.beginPath();
      outline(unit);
      pen.fillStyle = unit.broken ? colors.errorGround : colors.unit;
      pen.fill();
      pen.strokeStyle = unit.gate && !marked ? hue : edge;
      pen.lineWidth = marked === "selected" || near ? 2.4 : marked || unit.broken || unit.gate ? 1.6 : 1;
      if (unit.external) pen.setLineDash([5, 3]);
      pen.stroke();
      if (unit.external) pen.setLineDash([]);
      if (found?.has(unit.index)) {
        pen.strokeStyle = colors.accent;
        pen.lineWidth = 1.5;
        pen.beginPath();
        outline(unit, 3);
        pen.stroke();
      }
      if (unit.gate) {
        pen.font = `600 ${FONT}`;
        pen.textAlign = "center";
        pen.fillStyle = hue;
        pen.fillText(unit.label, unit.x + unit.width / 2, unit.y + unitHeight / 2 + 1, unit.width - 2 * graph.slant);
        pen.textAlign = "start";
        pen.font = FONT;
        continue;
      }
      pen.fillStyle = unit.broken ? colors.error : hue;
      pen.fillRect(unit.x + 6, unit.y + 7, 3, unitHeight - 14);
      pen.fillStyle = colors.text;
      pen.fillText(unit.label, unit.x + 16, unit.y + unitHeight / 2 + 1, unit.width - 22);
      if (unit.excluded) pen.fillRect(unit.x + 16, unit.y + unitHeight / 2, unit.width - 28, 1);
    }
    pen.globalAlpha = 1;
  }

  /** Titles stay readable however far away one is, like names on a map. */
  function drawTitles(window, scale) {
    for (const card of cards) {
      if (apart(window, card.x, card.y, card.x + card.width, card.y + card.height)) continue;
      const high = Math.max(13, Math.min(11 / scale, card.height * 0.3));
      if (high * scale < 5) continue;
      pen.font = `600 ${high}px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Open Sans', sans-serif`;
      pen.fillStyle = colors.hues[card.hue];
      pen.textBaseline = "middle";
      const line = Math.max(22, high * 0.72);
      if (high > 20) {
        const wide = Math.min(pen.measureText(card.title).width, card.width - 24);
        pen.save();
        pen.globalAlpha = 0.85;
        pen.fillStyle = colors.tints[card.hue];
        pen.fillRect(card.x + 6, card.y + 4, wide + high * 0.5, high * 1.36);
        pen.restore();
      }
      pen.fillText(card.title, card.x + 16, card.y + line, card.width - 24);
    }
  }

  // --- the view ------------------------------------------------------------------------------------------

  const fitting = () =>
    Math.min((size.width - 32) / graph.width, (size.height - LEGEND - 16) / graph.height, 1.25) || 1;
  const limited = (scale) => Math.min(Math.max(scale, Math.min(fitting() / 2, 0.5)), NEAREST);

  function move(to) {
    const from = { ...view };
    const start = performance.now();
    const token = {};
    move.latest = token;
    if (calm.matches || document.hidden) {
      Object.assign(view, to);
      ask();
      return;
    }
    const step = (now) => {
      if (move.latest !== token) return;
      const part = Math.min(Math.max((now - start) / 180, 0), 1);
      const eased = 1 - (1 - part) ** 3;
      for (const key of ["x", "y", "scale"]) view[key] = from[key] + (to[key] - from[key]) * eased;
      ask();
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function jump(to) {
    move.latest = null;
    Object.assign(view, to);
    ask();
  }

  function fit() {
    const scale = fitting();
    return { scale, x: (size.width - graph.width * scale) / 2, y: (size.height - LEGEND - graph.height * scale) / 2 };
  }

  function zoomed(factor, x = size.width / 2, y = size.height / 2) {
    const scale = limited(view.scale * factor);
    const grown = scale / view.scale;
    return { scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown };
  }

  /** Brings a unit into view, near enough to be read. */
  function show(unit) {
    const scale = Math.max(view.scale, WALKED);
    const middle = { x: unit.x + unit.width / 2, y: unit.y + unitHeight / 2 };
    const at = { x: middle.x * view.scale + view.x, y: middle.y * view.scale + view.y };
    const inside = at.x > 80 && at.y > 40 && at.x < size.width - 80 && at.y < size.height - 40;
    if (inside && scale === view.scale) return;
    move({ scale, x: size.width / 2 - middle.x * scale, y: size.height / 2 - middle.y * scale });
  }

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    const first = size.width === 0;
    size = { width: stage.clientWidth, height: stage.clientHeight, ratio };
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    if (first) jump(fit());
    ask();
  }

  // --- selecting -----------------------------------------------------------------------------------------

  function select(place, { reveal = true, remember = true } = {}) {
    selected = place;
    hovered = -1;
    tip.hidden = true;
    light();
    tell();
    if (place >= 0 && reveal) show(units[place]);
    if (remember) {
      const hash = place >= 0 ? `#unit=${encodeURIComponent(units[place].path)}` : " ";
      try {
        history.replaceState(null, "", place >= 0 ? hash : location.pathname + location.search);
      } catch {
        location.hash = hash.trim();
      }
    }
  }

  function selectFromAddress() {
    const wanted = /^#unit=(.*)$/.exec(location.hash)?.[1];
    let path = null;
    try {
      path = wanted === undefined ? null : decodeURIComponent(wanted);
    } catch {
      // An address that somebody broke names no unit.
    }
    const place = units.findIndex((unit) => unit.path === path);
    if (place >= 0) select(place, { remember: false });
  }

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const plural = (number, one, more) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;

  function entry(unit, note) {
    const name = element("span", { className: "name" });
    const cut = unit.path.lastIndexOf("/") + 1;
    const folder = element("small");
    highlight(name, unit.path.slice(cut));
    highlight(folder, unit.path.slice(0, cut));
    if (cut > 0) name.append(folder);
    const button = element("button", { type: "button" }, name);
    if (note) button.append(element("span", { className: "wave", textContent: note }));
    button.addEventListener("click", () => select(unit.index));
    return element("li", {}, button);
  }

  function highlight(target, text) {
    const word = terms().find((term) => text.toLowerCase().includes(term));
    const at = word ? text.toLowerCase().indexOf(word) : -1;
    if (at < 0 || text.toLowerCase().length !== text.length) {
      target.append(text);
    } else {
      const end = at + word.length;
      target.append(text.slice(0, at), element("mark", { textContent: text.slice(at, end) }), text.slice(end));
    }
  }

  function neighbours(title, kind, list, all) {
    const behind = all > list.length ? `, ${all.toLocaleString("en")} in all` : "";
    const heading = element("h3", { className: kind, textContent: `${title} ${list.length}${behind}` });
    const entries = list.slice(0, LISTED).map(({ unit, name }) => entry(units[unit], name ?? (units[unit].gate ? "gate" : null)));
    return list.length > 0 ? [heading, element("ul", {}, ...entries)] : [heading];
  }

  function tell() {
    const details = $("details");
    details.hidden = selected < 0;
    if (selected < 0) {
      $("told").textContent = "";
      return;
    }
    const unit = units[selected];
    const close = element("button", { type: "button", className: "close", textContent: "×", title: "Let go (Escape)" });
    close.setAttribute("aria-label", "Let go");
    close.addEventListener("click", () => select(-1));
    const tags = [
      unit.external && "external",
      unit.excluded && "excluded",
      unit.circle && "in a circle",
    ].filter(Boolean);
    const facts = element("dl");
    const fact = (name, text) => facts.append(element("dt", { textContent: name }), element("dd", { textContent: text }));
    fact("Type", unit.gate ? "gate of slipway up" : unit.stack ? "unit of a stack" : "unit");
    if (unit.gate) fact("Passed when", unit.gate);
    else fact("Wave", unit.wave === null ? "none, because of a circle" : `${unit.wave} of ${graph.waves}`);
    if (unit.stack) fact("Stack", unit.stack);
    if (unit.source) fact("Source", unit.source);
    details.replaceChildren(
      element("div", { className: "head" }, element("h2", { textContent: unit.path }), close),
      ...tags.map((tag) => element("span", { className: tag === "in a circle" ? "tag error" : "tag", textContent: tag })),
      ...unit.problems.map((problem) => element("p", { className: "problem", textContent: problem })),
      facts,
      ...neighbours(unit.gate ? "Waits for" : "Depends on", "dependency", unit.dependencies, lit.dependencies.size),
      ...neighbours(unit.gate ? "Is waited for by" : "Is needed by", "dependent", unit.dependents, lit.dependents.size),
    );
    details.parentElement.scrollTop = 0;
    $("told").textContent =
      `${unit.path}: ${unit.gate ? `gate, ${unit.gate}` : unit.wave === null ? "in a circle" : `wave ${unit.wave}`}, ` +
      `depends on ${unit.dependencies.length}, is needed by ${unit.dependents.length}` +
      (unit.problems.length > 0 ? `, ${plural(unit.problems.length, "error", "errors")}` : "");
  }

  // --- searching -----------------------------------------------------------------------------------------

  const terms = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);

  function seek() {
    const words = terms();
    const hits = words.length === 0 ? units : units.filter((unit) => words.every((word) => unit.words.includes(word)));
    found = words.length === 0 ? null : new Set(hits.map((unit) => unit.index));
    $("matches").textContent = found ? `${found.size.toLocaleString("en")} of ${units.length.toLocaleString("en")}` : "";
    $("list-title").textContent = found ? "Found" : "Units";
    $("list").replaceChildren(
      ...hits.slice(0, LISTED).map((unit) => entry(unit, unit.broken ? "error" : unit.gate ? "gate" : unit.wave === null ? "" : `wave ${unit.wave}`)),
    );
    $("more").hidden = hits.length <= LISTED && hits.length > 0;
    $("more").textContent = hits.length === 0 ? "No unit has all of these words." : `and ${(hits.length - LISTED).toLocaleString("en")} more`;
    ask();
  }

  /** The next of what was found, in the order of paths. */
  function step(by) {
    if (!found || found.size === 0) return;
    const hits = [...found];
    const at = hits.indexOf(selected);
    select(hits[(at < 0 ? (by > 0 ? 0 : hits.length - 1) : at + by + hits.length) % hits.length]);
  }

  // --- walking -------------------------------------------------------------------------------------------

  const middle = (unit) => ({ x: unit.x + unit.width / 2, y: unit.y + unitHeight / 2 });

  function walk(key) {
    if (selected < 0) {
      const first = [...(found ?? [])][0] ?? 0;
      if (units.length > 0) select(first);
      return;
    }
    const from = units[selected];
    const here = middle(from);
    let choice;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      choice = (key === "ArrowLeft" ? from.dependencies : from.dependents).map(({ unit }) => units[unit]);
    } else {
      const down = key === "ArrowDown" ? 1 : -1;
      choice = units.filter((unit) => (middle(unit).y - here.y) * down > 1);
    }
    const distance = (unit) => Math.abs(middle(unit).y - here.y) + 4 * Math.abs(unit.x - from.x) * (key.endsWith("t") ? 0 : 1);
    const next = choice.reduce((best, unit) => (!best || distance(unit) < distance(best) ? unit : best), null);
    if (next) select(next.index);
  }

  // --- hands ---------------------------------------------------------------------------------------------

  function unitAt(x, y) {
    const at = { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
    const slack = Math.min(3 / view.scale, 6);
    return units.findIndex(
      (unit) =>
        at.x >= unit.x - slack && at.x <= unit.x + unit.width + slack &&
        at.y >= unit.y - slack && at.y <= unit.y + unitHeight + slack,
    );
  }

  function hover(x, y) {
    const place = unitAt(x, y);
    if (place >= 0) {
      const left = Math.min(x + 14, Math.max(size.width - 300, 0));
      tip.style.transform = `translate(${left}px, ${Math.min(y + 16, size.height - 60)}px)`;
    }
    if (place === hovered) return;
    hovered = place;
    canvas.classList.toggle("on-unit", place >= 0);
    tip.hidden = place < 0;
    if (place >= 0) tip.textContent = units[place].path;
    light();
  }

  const fingers = new Map();
  let drag = null;
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, spot(event));
    drag = { from: spot(event), view: { ...view }, moved: fingers.size > 1 };
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = spot(event);
    if (!fingers.has(event.pointerId)) {
      hover(now.x, now.y);
      return;
    }
    const before = fingers.get(event.pointerId);
    fingers.set(event.pointerId, now);
    if (fingers.size > 1) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const span = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
      jump(zoomed(span(now) / span(before), (now.x + other.x) / 2, (now.y + other.y) / 2));
      return;
    }
    const by = { x: now.x - drag.from.x, y: now.y - drag.from.y };
    if (!drag.moved && Math.hypot(by.x, by.y) < 4) return;
    drag.moved = true;
    canvas.classList.add("dragging");
    jump({ scale: view.scale, x: view.x + now.x - before.x, y: view.y + now.y - before.y });
  });
  const release = (event) => {
    const clicked = fingers.delete(event.pointerId) && event.type === "pointerup" && !drag.moved;
    canvas.classList.remove("dragging");
    if (!clicked) return;
    const { x, y } = spot(event);
    const place = unitAt(x, y);
    select(place === selected ? -1 : place, { reveal: false });
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => {
    if (hovered >= 0) {
      hovered = -1;
      tip.hidden = true;
      light();
    }
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = spot(event);
    const lines = event.deltaMode === 1 ? 24 : 1;
    jump(zoomed(Math.exp(Math.max(-240, Math.min(240, -event.deltaY * lines)) * (event.ctrlKey ? 0.01 : 0.002)), x, y));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = spot(event);
    if (unitAt(x, y) < 0) move(zoomed(1.8, x, y));
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      walk(event.key);
    }
  });

  const keys = {
    "+": () => move(zoomed(1.4)),
    "=": () => move(zoomed(1.4)),
    "-": () => move(zoomed(1 / 1.4)),
    0: () => move(fit()),
    "/": () => search.focus(),
    Escape: () => select(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  search.addEventListener("input", seek);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      search.value = "";
      seek();
      canvas.focus();
    }
  });
  $("zoom-in").addEventListener("click", () => move(zoomed(1.4)));
  $("zoom-out").addEventListener("click", () => move(zoomed(1 / 1.4)));
  $("fit").addEventListener("click", () => move(fit()));
  window.addEventListener("hashchange", selectFromAddress);

  // --- light and dark ------------------------------------------------------------------------------------

  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;

  function dress() {
    document.documentElement.dataset.theme = chosen ?? (system.matches ? "dark" : "light");
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const eight = (letter) => Array.from({ length: 8 }, (_, hue) => color(`${letter}${hue}`));
    colors = {
      ground: color("ground"), text: color("text"), unit: color("unit"), unitEdge: color("unit-edge"),
      line: color("line"), accent: color("accent"), dependency: color("dependency"), dependent: color("dependent"),
      error: color("error"), errorGround: color("error-ground"), selected: color("selected"),
      hues: eight("h"), tints: eight("t"),
    };
    ask();
  }

  system.addEventListener("change", dress);
  $("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    dress();
  });

  // --- the beginning -------------------------------------------------------------------------------------

  for (const entry of document.querySelectorAll("#legend [data-mark]")) {
    entry.hidden = !units.some((unit) => unit[entry.dataset.mark]);
  }
  if (graph.problems.length > 0) {
    $("problems").hidden = false;
    $("problems").append(...graph.problems.map((problem) => element("li", { className: "problem", textContent: problem })));
  }
  dress();
  seek();
  new ResizeObserver(resize).observe(stage);
  resize();
  selectFromAddress();

  /** What is shown, for tests and for whoever looks into it. */
  window.slipwayGraph = {
    state: () => ({
      ...drawn,
      ...view,
      hovered: units[hovered]?.path ?? null,
      selected: units[selected]?.path ?? null,
      found: found ? found.size : null,
      dependencies: lit ? [...lit.dependencies].filter(([, far]) => far === 1).map(([place]) => units[place].path).sort() : [],
      dependents: lit ? [...lit.dependents].filter(([, far]) => far === 1).map(([place]) => units[place].path).sort() : [],
    }),
    /** Where the middle of a unit is in the window. */
    where: (path) => {
      const unit = units.find((candidate) => candidate.path === path);
      const box = canvas.getBoundingClientRect();
      const at = middle(unit);
      return { x: at.x * view.scale + view.x + box.left, y: at.y * view.scale + view.y + box.top };
    },
  };
})();
