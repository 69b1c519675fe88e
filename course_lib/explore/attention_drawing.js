// The attention explorer's pictures: colours, a painter for the screen and one for an SVG file, and one head drawn by either.

const QUERY = "query: attending token", KEY = "key: attended token";
const MARK = "#d55e00"; // uniform attention and the chosen row, as in the still pictures
const TICKS = { linear: [0, 0.25, 0.5, 0.75, 1], sqrt: [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1] };
const SCALES = { linear: "linear scale", sqrt: "square-root scale" };
const CURVES = { linear: (w) => w, sqrt: Math.sqrt };

const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

// ---- colours

function rgbOf(colour) {
  const c = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  c.fillStyle = colour;
  c.fillRect(0, 0, 1, 1);
  return [...c.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

// Light text means a dark page: there the scale is turned round, and begins darker, so that more weight stands out.
function themeOf(host, anchors) {
  const [r, g, b] = rgbOf(getComputedStyle(host).color);
  const dark = 0.3 * r + 0.6 * g + 0.1 * b > 128;
  const stops = (dark ? ["#081426", ...anchors.slice(0, -1).reverse()] : anchors).map(rgbOf);
  const shades = Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1), left = Math.min(Math.floor(place), stops.length - 2);
    return stops[left].map((from, c) => Math.round(from + (place - left) * (stops[left + 1][c] - from)));
  });
  const shade = (v) => shades[clamp(Math.floor(v * 256), 0, 255)];
  const own = dark
    ? { page: "#111418", text: "#e4e4e4", faint: "#9a9a9a", line: "#3a4450", masked: [74, 74, 74], cross: "#a0a0a0", shut: "#2b2f36" }
    : { page: "#ffffff", text: "#1c1c1c", faint: "#606060", line: "#d5d5d5", masked: [201, 201, 201], cross: "#7a7a7a", shut: "#e6e6e6" };
  const ink = (v) => (v > 0.55) === dark ? "#000000" : "#ffffff"; // a number on that shade
  return { dark, shade, css: (v) => `rgb(${shade(v)})`, ink, bar: dark ? "#6ab0ea" : "#0072b2", ...own };
}

// ---- two painters with one set of strokes: what is saved is what is shown

function canvasPainter(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1, c = canvas.getContext("2d");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  return {
    c,
    rect(x, y, w, h, fill) {
      c.fillStyle = fill;
      c.fillRect(x, y, w, h);
    },
    frame(x, y, w, h, stroke, thick = 1) {
      Object.assign(c, { strokeStyle: stroke, lineWidth: thick });
      c.strokeRect(x, y, w, h);
    },
    line(x1, y1, x2, y2, stroke, thick = 1) {
      Object.assign(c, { strokeStyle: stroke, lineWidth: thick });
      c.beginPath();
      c.moveTo(x1, y1);
      c.lineTo(x2, y2);
      c.stroke();
    },
    text(x, y, words, fill, { size = 12, anchor = "start", turn = 0, weight = "normal" } = {}) {
      c.save();
      c.translate(x, y);
      c.rotate((turn * Math.PI) / 180);
      Object.assign(c, { fillStyle: fill, font: `${weight} ${size}px sans-serif`, textBaseline: "middle" });
      c.textAlign = anchor === "middle" ? "center" : anchor;
      c.fillText(words, 0, 0);
      c.restore();
    },
  };
}

function svgPainter(width, height, page) {
  const space = "http://www.w3.org/2000/svg";
  const add = (parent, tag, attributes) => {
    const node = parent.appendChild(document.createElementNS(space, tag));
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const root = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) root.setAttribute(name, value);
  add(root, "rect", { width, height, fill: page });
  return {
    root,
    rect: (x, y, w, h, fill) => add(root, "rect", { x, y, width: w, height: h, fill }),
    frame: (x, y, w, h, stroke, thick = 1) =>
      add(root, "rect", { x, y, width: w, height: h, fill: "none", stroke, "stroke-width": thick }),
    line: (x1, y1, x2, y2, stroke, thick = 1) => add(root, "line", { x1, y1, x2, y2, stroke, "stroke-width": thick }),
    text(x, y, words, fill, { size = 12, anchor = "start", turn = 0, weight = "normal" } = {}) {
      const node = add(root, "text", {
        fill, "font-size": size, "font-family": "sans-serif", "font-weight": weight, "text-anchor": anchor,
        "dominant-baseline": "central", transform: `translate(${x} ${y}) rotate(${turn})`,
      });
      node.textContent = words;
    },
  };
}

// ---- one head: where things stand, and their drawing

const ruler = document.createElement("canvas").getContext("2d");

function textWidth(words) {
  ruler.font = "12px sans-serif";
  return ruler.measureText(words).width;
}

function cut(words, width) {
  if (textWidth(words) <= width) return words;
  const letters = [...words];
  while (letters.length > 1 && textWidth(letters.join("") + "…") > width) letters.pop();
  return letters.join("") + "…";
}

function layout(view, width) {
  const Q = view.queries.length, K = view.keys.length;
  const longest = (tokens) => Math.ceil(Math.min(110, Math.max(...tokens.map(textWidth))));
  const left = longest(view.queries) + 32, keyWidth = longest(view.keys), beside = width >= 620;
  const room = beside ? width - left - keyWidth - 230 : width - left - 60;
  const cell = Math.floor(clamp(Math.min(room / K, 470 / Q), 2, 36));
  const step = Math.ceil(15 / cell);
  const short = keyWidth <= cell - 3, turn = short ? 0 : cell * step >= 19 ? -45 : -90;
  const top = 46 + (short ? 12 : Math.ceil(keyWidth * (turn === -45 ? 0.75 : 1)) + 8);
  const right = left + K * cell, bottom = top + Q * cell;
  const bar = Math.floor(clamp((Q * cell) / K, clamp(Math.floor(470 / K), 3, 14), 26));
  const barLeft = (beside ? right + 34 : 32) + keyWidth, barTop = beside ? top : bottom + 130;
  const barWidth = clamp(width - barLeft - 52, 60, 260), barBottom = barTop + K * bar;
  const height = Math.max(bottom + 84, barBottom + 40);
  return { Q, K, left, top, right, bottom, cell, step, turn, bar, barLeft, barTop, barBottom, barWidth, keyWidth, height };
}

const every = (step) => step === 1 ? "" : ` (a label at every ${step}${{ 2: "nd", 3: "rd" }[step] || "th"})`;

function drawMap(p, view, at, box, theme) {
  const { Q, K, left, top, right, bottom, cell, step, turn } = box, curve = CURVES[at.scale];
  p.text(left, 12, at.title, theme.text, { size: 14, weight: "bold" });
  p.text(left, 34, KEY + every(step), theme.text);
  p.text(9, (top + bottom) / 2, cut(QUERY, Math.max(40, bottom - top + 60)), theme.text, { turn: -90, anchor: "middle" });
  for (let k = 0; k < K; k += step) {
    const chosen = { weight: k === at.key ? "bold" : "normal", turn, anchor: turn ? "start" : "middle" };
    p.text(left + (k + 0.5) * cell, top - (turn ? 6 : 10), cut(view.keys[k], 110), theme.text, chosen);
  }
  for (let q = 0; q < Q; q++) {
    const row = view.row(at.layer, at.head, q), y = top + q * cell, chosen = q === at.query;
    if (chosen || (q % step === 0 && Math.abs(q - at.query) * cell >= 12)) {
      const style = { anchor: "end", weight: chosen ? "bold" : "normal" };
      p.text(left - 6, y + cell / 2, cut(view.queries[q], 110), chosen ? MARK : theme.text, style);
    }
    for (let k = 0; k < K; k++) {
      const x = left + k * cell, weight = view.weight(row, k), open = view.open(row, k);
      p.rect(x, y, cell, cell, open ? theme.css(curve(weight)) : `rgb(${theme.masked})`);
      if (!open && cell >= 6) {
        const inset = cell * 0.35;
        p.line(x + inset, y + inset, x + cell - inset, y + cell - inset, theme.cross);
        p.line(x + inset, y + cell - inset, x + cell - inset, y + inset, theme.cross);
      } else if (open && Math.max(Q, K) <= 12 && cell >= 28) {
        p.text(x + cell / 2, y + cell / 2, weight.toFixed(2), theme.ink(curve(weight)), { size: 11, anchor: "middle" });
      }
    }
  }
  if (Math.max(Q, K) <= 30) {
    for (let k = 1; k < K; k++) p.line(left + k * cell, top, left + k * cell, bottom, theme.line, 0.5);
    for (let q = 1; q < Q; q++) p.line(left, top + q * cell, right, top + q * cell, theme.line, 0.5);
  }
  p.frame(left, top, right - left, bottom - top, theme.faint);
  if (at.key !== null) p.frame(left + at.key * cell, top, cell, bottom - top, MARK, 1);
  p.frame(left, top + at.query * cell, right - left, cell, MARK, 2);
}

function drawLegend(p, view, at, box, theme) {
  const { left, bottom } = box, y = bottom + 18, width = 200, curve = CURVES[at.scale];
  for (let x = 0; x < width; x++) p.rect(left + x, y, 1.5, 10, theme.css((x + 0.5) / width));
  p.frame(left, y, width, 10, theme.faint, 0.8);
  const n = Math.max(...view.queries.map((_, q) => view.freedom(view.row(at.layer, at.head, q))));
  const uniform = left + width * curve(1 / n);
  p.line(uniform, y - 3, uniform, y + 13, MARK, 2);
  p.text(uniform, y - 9, `uniform 1/${n}`, MARK, { size: 11, anchor: uniform - left > 35 ? "middle" : "start" });
  let last = -30;
  for (const tick of TICKS[at.scale]) {
    const x = width * curve(tick);
    if (x - last < 26) continue;
    p.text(left + x, y + 20, String(tick), theme.text, { size: 11, anchor: "middle" });
    last = x;
  }
  p.text(left, y + 38, `attention weight (${SCALES[at.scale]}), each row sums to 1`, theme.text, { size: 11 });
  if (!view.mask) return;
  p.rect(left, y + 49, 11, 11, `rgb(${theme.masked})`);
  p.line(left + 3, y + 52, left + 8, y + 57, theme.cross);
  p.line(left + 3, y + 57, left + 8, y + 52, theme.cross);
  p.text(left + 17, y + 55, "masked: may not be looked at", theme.text, { size: 11 });
}

function drawBars(p, view, at, box, theme) {
  const { K, bar, barLeft, barTop, barBottom, barWidth, keyWidth } = box;
  const row = view.row(at.layer, at.head, at.query), free = view.freedom(row);
  const most = Math.max(...view.keys.map((_, k) => view.weight(row, k)));
  const end = [0.02, 0.05, 0.1, 0.2, 0.5, 1].find((stop) => stop >= most) || 1, step = Math.ceil(14 / bar);
  const x = (weight) => barLeft + (barWidth * weight) / end;
  p.text(barLeft - keyWidth, barTop - 10, `${cut(view.queries[at.query], 90)} looks at …`, MARK, { weight: "bold" });
  for (let k = 0; k < K; k++) {
    const weight = view.weight(row, k), y = barTop + k * bar, middle = y + bar / 2, named = k % step === 0;
    const weigh = k === at.key ? "bold" : "normal";
    if (named) p.text(barLeft - 6, middle, cut(view.keys[k], 110), theme.text, { anchor: "end", weight: weigh });
    const thick = Math.max(1, bar - (bar > 6 ? 3 : 1));
    if (view.open(row, k)) {
      p.rect(barLeft, middle - thick / 2, x(weight) - barLeft, thick, theme.bar);
      if (step === 1) p.text(barLeft + barWidth + 44, middle, weight.toFixed(3), theme.text, { size: 11, weight: weigh, anchor: "end" });
    } else {
      p.rect(barLeft, middle - thick / 2, barWidth, thick, theme.shut);
      if (step === 1) p.text(barLeft + barWidth / 2, middle, "×", theme.faint, { anchor: "middle" });
    }
  }
  p.line(barLeft, barTop - 2, barLeft, barBottom, theme.faint);
  p.line(barLeft, barBottom, barLeft + barWidth, barBottom, theme.faint);
  for (const tick of [0, end]) p.text(x(tick), barBottom + 11, String(tick), theme.text, { size: 11, anchor: "middle" });
  if (!free || 1 / free > end) return;
  p.line(x(1 / free), barTop - 2, x(1 / free), barBottom + 4, MARK, 1.5);
  const inside = x(1 / free) < barLeft + barWidth * 0.12 ? "start" : x(1 / free) > barLeft + barWidth * 0.88 ? "end" : "middle";
  p.text(x(1 / free), barBottom + 26, `uniform 1/${free}`, MARK, { size: 11, anchor: inside });
}

function drawHead(p, view, at, box, theme) {
  drawMap(p, view, at, box, theme);
  drawLegend(p, view, at, box, theme);
  drawBars(p, view, at, box, theme);
}
