// The attention explorer. exploreAll puts a live view in place of the picture in every element that a selector finds;
// spec is what attention_explorer.py packs. Stands after attention_drawing.js in one module. Everything lives in a shadow root:
// nothing is global, no id, no style leaks.

const STYLE = `
  :host { display: block; transition: color 1ms; }
  .row { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin: 0 0 8px; }
  .pickers { display: flex; flex: 1 1 180px; flex-wrap: wrap; gap: 6px 16px; align-items: center; }
  b { font: bold 15px sans-serif; }
  label, button, select, .said, .note { font: 13px sans-serif; }
  .said { min-height: 5.5em; line-height: 1.4; white-space: pre-line; overflow-wrap: anywhere; }
  canvas { display: block; touch-action: pan-y; cursor: crosshair; }
  canvas.heads { cursor: pointer; }
  canvas:focus-visible { outline: 2px solid ${MARK}; outline-offset: 1px; }
  [hidden] { display: none; }`;

function make(tag, parent, properties = {}, words = "") {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(words);
  return parent.appendChild(node);
}

// ---- what Python packed

async function inflate(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// For each view: weights, entropies and sums as 16-bit numbers (all high bytes, then all low ones), the mask as bits.
function unpack(views, bytes) {
  let at = 0;
  const numbers = (n, unit) => {
    const found = Float32Array.from({ length: n }, (_, i) => (bytes[at + i] * 256 + bytes[at + n + i]) / unit);
    at += 2 * n;
    return found;
  };
  for (const view of views) {
    const Q = view.queries.length, K = view.keys.length, rows = view.layers * view.heads * Q;
    const weights = numbers(rows * K, view.unit), entropies = numbers(rows, 1000), sums = numbers(rows, 10000);
    const start = at, shared = view.mask === "shared";
    if (view.mask) at += Math.ceil(((shared ? Q : rows) * K) / 8);
    view.row = (layer, head, q) => (layer * view.heads + head) * Q + q;
    view.weight = (row, k) => weights[row * K + k];
    view.open = (row, k) => {
      const bit = (shared ? row % Q : row) * K + k;
      return !view.mask || ((bytes[start + (bit >> 3)] >> (7 - (bit & 7))) & 1) === 1;
    };
    view.freedom = (row) => view.keys.reduce((n, _, k) => n + view.open(row, k), 0); // keys it may look at
    view.entropy = (row) => entropies[row];
    view.sum = (row) => sums[row];
  }
}

// ---- all heads, small: built once for a view and a theme, then only copied

function tiles(view, theme) {
  const Q = view.queries.length, K = view.keys.length;
  const sheet = Object.assign(document.createElement("canvas"), { width: view.heads * K, height: view.layers * Q });
  const c = sheet.getContext("2d"), picture = c.createImageData(sheet.width, sheet.height);
  for (let layer = 0; layer < view.layers; layer++)
    for (let head = 0; head < view.heads; head++)
      for (let q = 0; q < Q; q++)
        for (let k = 0, row = view.row(layer, head, q); k < K; k++) {
          const rgb = view.open(row, k) ? theme.shade(Math.sqrt(view.weight(row, k))) : theme.masked;
          picture.data.set([...rgb, 255], 4 * ((layer * Q + q) * sheet.width + head * K + k));
        }
  c.putImageData(picture, 0, 0);
  return sheet;
}

function drawOverview(canvas, view, at, theme, sheet, room) {
  const Q = view.queries.length, K = view.keys.length, left = 28, top = 18;
  const pitch = Math.floor(clamp(Math.min((room - left - 2) / view.heads, 270 / view.layers), 14, 56)), size = pitch - 5;
  const p = canvasPainter(canvas, left + view.heads * pitch, top + view.layers * pitch);
  p.c.imageSmoothingEnabled = Math.max(Q, K) > size;
  for (let head = 0; head < view.heads; head++)
    p.text(left + head * pitch + size / 2, 8, `H${head}`, theme.text, { size: 10, anchor: "middle" });
  for (let layer = 0; layer < view.layers; layer++) {
    const y = top + layer * pitch;
    if (view.layers > 1) p.text(left - 6, y + size / 2, `L${layer}`, theme.text, { size: 10, anchor: "end" });
    for (let head = 0; head < view.heads; head++) {
      const x = left + head * pitch, chosen = layer === at.layer && head === at.head;
      p.c.drawImage(sheet, head * K, layer * Q, K, Q, x, y, size, size);
      p.frame(x - (chosen ? 1 : 0), y - (chosen ? 1 : 0), size + (chosen ? 2 : 0), size + (chosen ? 2 : 0), chosen ? MARK : theme.faint, chosen ? 3 : 0.6);
    }
  }
  canvas.setAttribute("aria-label", `All heads as small heatmaps; chosen: ${nameOf(view, at)}. Arrow keys choose another.`);
  return { left, top, pitch };
}

const nameOf = (view, at) => view.names[at.layer * view.heads + at.head];

// ---- what the numbers say

function sentences(view, at) {
  const row = view.row(at.layer, at.head, at.query), free = view.freedom(row), query = `“${view.queries[at.query]}”`;
  const order = view.keys.map((_, k) => k).filter((k) => view.open(row, k)).sort((a, b) => view.weight(row, b) - view.weight(row, a));
  const best = order.slice(0, 3).map((k) => `“${view.keys[k]}” ${view.weight(row, k).toFixed(3)}`).join(", ");
  const lines = [`${query} (query ${at.query + 1} of ${view.queries.length}) looks most at ${best || "nothing: all keys are masked"}.`];
  const uniform = `${Math.log2(Math.max(free, 1)).toFixed(2)} bits if uniform over ${free} key${free === 1 ? "" : "s"}`;
  lines.push(`Row sum ${view.sum(row).toFixed(3)} · entropy ${view.entropy(row).toFixed(2)} bits (${uniform}).`);
  if (at.key !== null) {
    const pair = `${query} → “${view.keys[at.key]}” (key ${at.key + 1} of ${view.keys.length})`;
    lines.push(view.open(row, at.key) ? `${pair}: ${view.weight(row, at.key).toFixed(view.unit > 10000 ? 4 : 3)}` : `${pair}: masked, may not be looked at`);
  } else if (at.held) lines.push("This query is held: click again to let it go.");
  return lines.join("\n");
}

// ---- the live view

export function exploreAll(selector, spec) {
  for (const host of document.querySelectorAll(`${selector}:not([data-live])`)) {
    host.dataset.live = "";
    explore(host, structuredClone(spec));
  }
}

async function explore(host, spec) {
  const views = spec.views;
  if (typeof DecompressionStream === "undefined") {
    make("p", host, {}, "This browser is too old for the live view: it cannot unpack the weights. The picture shows them.");
    return;
  }
  unpack(views, await inflate(spec.data));

  const body = document.createElement("div"), root = body.attachShadow({ mode: "open" });
  make("style", root, {}, STYLE);
  const first = make("div", root, { className: "row" });
  make("b", first, {}, spec.title);
  const row = make("div", root, { className: "row" });
  const heads = make("canvas", row, { className: "heads", tabIndex: 0 });
  const pickers = make("div", row, { className: "pickers" });
  const map = make("canvas", root, { className: "map", tabIndex: 0 });
  for (const canvas of [heads, map]) canvas.setAttribute("role", "img");
  const said = make("div", root, { className: "said" });
  said.setAttribute("aria-live", "polite");

  const picker = (words, choices, choose) => {
    const label = make("label", pickers, {}, `${words} `), select = make("select", label);
    for (const [value, name] of choices) make("option", select, { value }, name);
    select.addEventListener("change", () => choose(select.value));
    return select;
  };
  const numbered = (n) => Array.from({ length: n }, (_, i) => [i, String(i)]);
  const at = { layer: 0, head: 0, query: 0, key: null, held: false, scale: "linear", title: "" };
  let view, box, grid, theme, sheet;

  const ofView = picker("look", views.map((v, i) => [i, v.name]), (value) => open(Number(value)));
  const ofLayer = picker("layer", [], (value) => go({ layer: Number(value) }));
  const ofHead = picker("head", [], (value) => go({ head: Number(value) }));
  const ofScale = picker("colours", Object.entries(SCALES), (value) => go({ scale: value }));
  const save = make("button", pickers, { type: "button" }, "Save as SVG");
  make("div", pickers, { className: "note" }, "Small maps: square-root scale. Click one, or use the arrow keys.");

  function open(number) {
    view = views[number];
    for (const [select, n] of [[ofLayer, view.layers], [ofHead, view.heads]])
      select.replaceChildren(...numbered(n).map(([value, name]) => new Option(name, value)));
    ofView.parentElement.hidden = views.length === 1;
    ofLayer.parentElement.hidden = view.layers === 1;
    ofHead.parentElement.hidden = view.heads === 1;
    heads.hidden = pickers.lastChild.hidden = view.layers * view.heads === 1;
    sheet = null;
    // Small weights of a long row can only be seen on the square-root scale.
    const scale = view.keys.length > 12 ? "sqrt" : "linear";
    go({ layer: 0, head: 0, query: Math.min(1, view.queries.length - 1), key: null, held: false, scale });
  }

  function go(change) {
    Object.assign(at, change);
    ofLayer.value = at.layer;
    ofHead.value = at.head;
    ofScale.value = at.scale;
    at.title = [view.name, nameOf(view, at)].filter(Boolean).join(" · ");
    draw();
  }

  function draw() {
    const width = Math.floor(body.clientWidth);
    if (!width) return; // not on the page yet, or folded away
    const now = themeOf(body, spec.colours);
    if (!sheet || now.dark !== theme.dark) sheet = tiles(view, now);
    theme = now;
    body.style.colorScheme = theme.dark ? "dark" : "light";
    if (!heads.hidden) grid = drawOverview(heads, view, at, theme, sheet, Math.min(width, 720));
    box = layout(view, width);
    drawHead(canvasPainter(map, width, box.height), view, at, box, theme);
    Object.assign(map.dataset, { left: box.left, top: box.top, cell: box.cell });
    const query = view.queries[at.query];
    map.setAttribute("aria-label", `Heatmap of ${at.title}; bars of the query ${query}. Up and down choose a query, left and right a key.`);
    said.textContent = sentences(view, at);
  }

  const place = (event, canvas) => {
    const edge = canvas.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  const within = (x, from, step, n) => x >= from && x < from + n * step ? Math.floor((x - from) / step) : null;

  heads.addEventListener("click", (event) => {
    const [x, y] = place(event, heads);
    const head = within(x, grid.left, grid.pitch, view.heads), layer = within(y, grid.top, grid.pitch, view.layers);
    if (head !== null && layer !== null) go({ layer, head });
  });
  const under = (event) => {
    const [x, y] = place(event, map);
    const inMap = { query: within(y, box.top, box.cell, box.Q), key: within(x, box.left, box.cell, box.K) };
    if (inMap.query !== null && inMap.key !== null) return inMap;
    const inBars = x >= box.barLeft - box.keyWidth - 6 && x < box.barLeft + box.barWidth + 50;
    return { query: null, key: inBars ? within(y, box.barTop, box.bar, box.K) : null };
  };
  map.addEventListener("pointermove", (event) => {
    const { query, key } = under(event), next = at.held || query === null ? at.query : query;
    if (next !== at.query || key !== at.key) go({ query: next, key });
  });
  map.addEventListener("pointerleave", () => at.key === null || go({ key: null }));
  map.addEventListener("click", (event) => {
    const { query, key } = under(event);
    if (query !== null) go({ query, key, held: !(at.held && query === at.query) });
  });

  // Left and right walk along a row of `n`, None before the first step.
  const keys = (canvas, steps) => canvas.addEventListener("keydown", (event) => {
    const change = steps[event.key]?.();
    if (!change) return;
    event.preventDefault();
    go(change);
  });
  const move = (value, by, n) => clamp(value + by, 0, n - 1);
  keys(heads, {
    ArrowLeft: () => ({ head: move(at.head, -1, view.heads) }),
    ArrowRight: () => ({ head: move(at.head, 1, view.heads) }),
    ArrowUp: () => ({ layer: move(at.layer, -1, view.layers) }),
    ArrowDown: () => ({ layer: move(at.layer, 1, view.layers) }),
  });
  keys(map, {
    ArrowUp: () => ({ query: move(at.query, -1, box.Q) }),
    ArrowDown: () => ({ query: move(at.query, 1, box.Q) }),
    ArrowLeft: () => ({ key: move(at.key ?? 1, -1, box.K) }),
    ArrowRight: () => ({ key: move(at.key ?? -1, 1, box.K) }),
    Home: () => ({ query: 0 }),
    End: () => ({ query: box.Q - 1 }),
    Escape: () => ({ key: null, held: false }),
  });

  save.addEventListener("click", () => {
    const p = svgPainter(Math.floor(body.clientWidth), box.height, theme.page);
    drawHead(p, view, at, box, theme);
    const words = new XMLSerializer().serializeToString(p.root);
    const address = URL.createObjectURL(new Blob([words], { type: "image/svg+xml" }));
    const link = make("a", root, { href: address, download: `attention ${at.title}.svg` });
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });

  // Lab listens for keys on the whole page: plain ones, such as the arrows, are ours while the view has the focus. With
  // Control, Shift and the like they stay Lab's: save, run.
  const mark = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) delete body.dataset.lmSuppressShortcuts;
    else body.dataset.lmSuppressShortcuts = "true";
  };
  for (const kind of ["keydown", "keyup", "pointerdown"]) body.addEventListener(kind, mark);
  body.dataset.lmSuppressShortcuts = "true";
  host.replaceChildren(body);
  open(0);
  // The text's colour changes with the theme, and the style above makes a (very short) transition of it.
  body.addEventListener("transitionend", (event) => event.target === body && draw());
  new ResizeObserver(draw).observe(body);
}
