"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, text = "", ...children) => {
    const element = document.createElement(name);
    element.textContent = text;
    element.append(...children);
    return element;
  };

  /* Formulas: one box, beside whatever is pointed at or focused. Escape takes it away. */
  const tip = document.getElementById("tip");
  let pointed = null, leaving = 0;
  function tell(owner, area = owner) {
    clearTimeout(leaving);
    const note = document.getElementById(owner.dataset.how);
    if (!note) return;
    tip.replaceChildren(make("b", note.querySelector("dt").textContent), make("span", note.querySelector("dd").textContent));
    if (owner.dataset.basis) tip.append(make("small", owner.dataset.basis));
    tip.hidden = false;
    pointed = owner;
    const at = area.getBoundingClientRect(), own = tip.getBoundingClientRect(), edge = 6;
    const left = Math.max(edge, Math.min(at.left, document.documentElement.clientWidth - own.width - edge));
    const below = at.bottom + edge, above = at.top - own.height - edge;
    tip.style.transform = `translate(${left}px, ${below + own.height > innerHeight && above > 0 ? above : below}px)`;
  }
  function hush() {
    clearTimeout(leaving);
    tip.hidden = true;
    pointed = null;
  }
  /* Time enough to go over to the box, whose text one may want to mark. */
  function leave() {
    clearTimeout(leaving);
    leaving = setTimeout(hush, 150);
  }
  for (const owner of all("[data-how]")) {
    const area = owner.closest("[data-how-of]") ?? owner;
    area.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && tell(owner, area));
    area.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
    owner.addEventListener("focus", () => tell(owner, area));
    owner.addEventListener("blur", hush);
    if (owner.classList.contains("how")) owner.addEventListener("click", () => tell(owner, area));
  }
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", leave);
  addEventListener("keydown", (event) => event.key === "Escape" && hush());
  addEventListener("scroll", () => pointed && hush(), { passive: true, capture: true });

  /* Tables: sorted by a column, searched, and shown whole. What is no data stands last either way. */
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  function sorter(at, sign) {
    const key = (row) => {
      const cell = row.cells[at];
      if (cell.classList.contains("none")) return null;
      return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    };
    return (rows) => rows.map((row) => [key(row), row]).sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : compare(a, b));
    }).map(([, row]) => row);
  }
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0], box = table.closest(".table");
    const find = box.querySelector(".find"), button = box.querySelector(".all"), count = box.querySelector(".count");
    const size = body.rows.length, few = Number(table.dataset.shown);
    let open = false;
    function show() {
      const wanted = (find?.value ?? "").trim().toLowerCase();
      let found = 0;
      for (const row of [...body.rows]) { // a copy: the live list is made anew after each change
        const fits = !wanted || row.textContent.toLowerCase().includes(wanted);
        row.hidden = !fits || (!open && found >= few);
        found += fits;
      }
      if (!count) return;
      const shown = open ? found : Math.min(found, few);
      const [first, second] = [shown, wanted ? found : size].map((number) => number.toLocaleString("en"));
      count.textContent = `${first} of ${second} ${wanted ? "found" : "rows"}`;
      button.hidden = found <= few;
      button.textContent = open ? "Show fewer" : "Show all";
    }
    all(".sort", table).forEach((head, at) => head.addEventListener("click", () => {
      const cell = head.parentElement, was = cell.getAttribute("aria-sort");
      const numbers = cell.classList.contains("n");
      const next = was === "none" ? (numbers ? "descending" : "ascending") : was === "ascending" ? "descending" : "ascending";
      all("th", table).forEach((other) => other.setAttribute("aria-sort", other === cell ? next : "none"));
      const sorted = sorter(at, next === "ascending" ? 1 : -1)([...body.rows]);
      body.remove(); // while they are moved nothing is drawn
      body.replaceChildren(...sorted);
      show();
      table.append(body);
    }));
    find?.addEventListener("input", show);
    button?.addEventListener("click", () => {
      open = !open;
      show();
    });
  }

  /* Charts. Colours are variables of the style, so that dark mode and paper need no drawing anew. */
  const charts = JSON.parse(document.getElementById("charts").textContent);
  if (!charts.length) return;
  const colour = (at) => `var(--c${at % 8})`;
  const DASHES = ["solid", [7, 4], [2, 3], [10, 3, 2, 3]], SHAPES = ["circle", "rect", "triangle", "diamond"];
  const plain = (value, digits, least = 0) =>
    value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: least }).replace("-", "\u2212");
  function signed(value, text) {
    return value < 0 ? `\u2212${text(-value)}` : text(value);
  }
  function whole(value, unit) {
    if (value === null || value === undefined) return "no data";
    if (unit === "usd") return signed(value, (amount) => `$${plain(amount, amount && amount < 0.005 ? 6 : 2, 2)}`);
    if (unit === "percent") return `${plain(value, 2, 2)}\u00a0%`;
    return unit === "ms" ? `${plain(value, 2)}\u00a0ms` : plain(value, 2);
  }
  function short(value, unit) {
    const text = (amount) => {
      const [by, mark] = amount >= 1e9 ? [1e9, "B"] : amount >= 1e6 ? [1e6, "M"] : amount >= 1e4 ? [1e3, "k"] : [1, ""];
      const digits = amount < 1 ? 4 : unit === "percent" ? 3 : 2;
      return `${unit === "usd" ? "$" : ""}${plain(amount / by, digits)}${mark}`;
    };
    return signed(value, text) + (unit === "percent" ? "\u00a0%" : unit === "ms" ? "\u00a0ms" : "");
  }
  function box(title, rows) {
    return make("div", "", make("b", title), ...rows.map(([name, value]) => make("span", `${name} `, make("em", value))));
  }
  const LABEL = { color: "var(--soft)", fontSize: 12, lineHeight: 15, margin: 10, fontFamily: "inherit" };
  const category = (data, more = {}) => ({
    type: "category", data, axisTick: { show: false }, axisLine: { lineStyle: { color: "var(--line)" } },
    axisLabel: { ...LABEL, hideOverlap: true }, ...more,
  });
  const amounts = (unit, more = {}) => ({
    type: "value", axisLabel: { ...LABEL, hideOverlap: true, formatter: (value) => short(value, unit) }, splitNumber: 4,
    splitLine: { lineStyle: { color: "var(--grid)" } }, axisLine: { show: false }, axisTick: { show: false }, ...more,
  });
  const named = (name, gap) => (name ? { name, nameLocation: "middle", nameGap: gap, nameTextStyle: LABEL } : {});
  const quiet = { emphasis: { disabled: true }, animation: false };
  function cut(text, most) {
    return text.length > most ? `${text.slice(0, most - 1)}\u2026` : text;
  }
  const DRAW = {
    trend(chart) {
      const many = chart.x.length > 16;
      return {
        xAxis: chart.scale
          ? amounts("number", { scale: true, splitLine: { show: false }, axisLine: { show: true, onZero: false, lineStyle: { color: "var(--line)" } }, ...named(chart.x_title, 28) })
          : category(chart.x, { boundaryGap: chart.x.length < 2, ...named(chart.x_title, 28) }),
        yAxis: amounts(chart.unit, { scale: true, ...(chart.unit === "percent" && { max: ({ max }) => (max > 99 && max <= 100 ? 100 : null) }) }),
        tooltip: {
          trigger: "axis", axisPointer: { lineStyle: { color: "var(--soft)" } },
          formatter: (points) => box(`${chart.x_title ? `${chart.x_title} ` : ""}${chart.scale ? whole(chart.x[points[0].dataIndex], "number") : chart.x[points[0].dataIndex]}`,
            points.map((point) => [point.seriesName, whole(chart.lines[point.seriesIndex].values[point.dataIndex], chart.unit)])),
        },
        series: chart.lines.map((line, at) => ({
          ...quiet, type: "line", name: line.name, connectNulls: false, symbol: "circle",
          symbolSize: (_, point) => {
            const alone = (line.values[point.dataIndex - 1] ?? null) === null && (line.values[point.dataIndex + 1] ?? null) === null;
            return alone ? 6 : many ? 0 : 4;
          },
          showAllSymbol: true, itemStyle: { color: colour(at) }, lineStyle: { color: colour(at), width: 2, type: DASHES[at % 4] },
          data: chart.scale ? line.values.map((value, i) => [chart.x[i], value]) : line.values,
        })),
      };
    },
    bars(chart, width) {
      const room = Math.max(40, (width - 90) / chart.categories.length);
      const names = category(chart.categories.map((name) => cut(name, 48)), chart.lying
        ? { inverse: true, axisLabel: { ...LABEL, width: Math.min(220, width * 0.36), overflow: "break", interval: 0 } }
        : { axisLabel: { ...LABEL, ...(chart.categories.length <= 8 ? { interval: 0, width: room, overflow: "break" } : { hideOverlap: true }) } });
      const values = amounts(chart.unit);
      return {
        xAxis: chart.lying ? values : names, yAxis: chart.lying ? names : values,
        tooltip: {
          trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: "var(--soft)", opacity: 0.08 } },
          formatter: (points) => box(chart.categories[points[0].dataIndex],
            chart.series.map((row) => [row.name, whole(row.values[points[0].dataIndex], chart.unit)])),
        },
        series: chart.series.map((row, at) => ({
          ...quiet, type: "bar", name: row.name, data: row.values, barMaxWidth: 34, barGap: "8%",
          itemStyle: { color: colour(at), borderRadius: 3 },
        })),
      };
    },
    waterfall(chart, width) {
      const lying = width < 480, [before, after] = lying ? ["right", "right"] : ["bottom", "top"];
      const room = Math.max(40, (width - 90) / chart.steps.length);
      const part = (of) => chart.steps.map((step) => of(Math.min(step.from, step.to), Math.max(step.from, step.to)));
      const fill = chart.steps.map((step) => (step.total ? "var(--whole)" : step.change < 0 ? "var(--bad)" : "var(--good)"));
      const hidden = (data) => ({ ...quiet, type: "bar", stack: "all", silent: true, itemStyle: { color: "none" }, data });
      const bar = (data, top) => ({
        ...quiet, type: "bar", stack: "all", barMaxWidth: 64,
        data: data.map((value, at) => ({ value, itemStyle: { color: fill[at], borderRadius: 3 },
          label: { show: chart.steps[at].change !== 0 ? value !== 0 && (top || chart.steps[at].from + chart.steps[at].to <= 0) : top, position: top ? after : before, color: "var(--ink)", fontSize: 12, formatter: () => short(chart.steps[at].change, chart.unit) } })),
      });
      const names = category(chart.steps.map((step) => cut(step.name, 36)), lying
        ? { inverse: true, axisLabel: { ...LABEL, interval: 0, width: width * 0.3, overflow: "break" } }
        : { axisLabel: { ...LABEL, interval: 0, width: room, overflow: "break" } });
      const values = amounts(chart.unit, lying ? { splitNumber: 2, axisLabel: { show: false } } : {});
      return {
        xAxis: lying ? values : names, yAxis: lying ? names : values,
        ...(lying && { grid: { left: 4, right: 64, top: 8, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "all", outerBounds: { left: 4, right: 64, top: 8, bottom: 4 } } }),
        tooltip: { trigger: "axis", axisPointer: { type: "none" }, formatter: (points) => {
          const step = chart.steps[points[0].dataIndex];
          return box(step.name, step.total ? [["in all", whole(step.to, chart.unit)]] : [["change", whole(step.change, chart.unit)], ["then", whole(step.to, chart.unit)]]);
        } },
        series: [
          hidden(part((low) => Math.max(low, 0))), bar(part((low, high) => Math.max(high, 0) - Math.max(low, 0)), true),
          hidden(part((_, high) => Math.min(high, 0))), bar(part((low, high) => Math.min(low, 0) - Math.min(high, 0)), false),
        ],
      };
    },
    scatter(chart) {
      const total = chart.groups.reduce((sum, group) => sum + group.points.length, 0);
      return {
        xAxis: amounts(chart.x_unit, { scale: true, ...named(chart.x_title, 28) }),
        yAxis: amounts(chart.y_unit, { scale: true, ...named(chart.y_title, 54) }),
        tooltip: { trigger: "item", formatter: ({ seriesName, data }) => box(data[3],
          [["", seriesName], [chart.x_title, whole(data[0], chart.x_unit)], [chart.y_title, whole(data[1], chart.y_unit)]]) },
        series: chart.groups.map((group, at) => ({
          ...quiet, type: "scatter", name: group.name, data: group.points, symbol: SHAPES[at % 4],
          symbolSize: (value) => (total > 400 ? 4 + 8 * value[2] : 8 + 16 * value[2]),
          itemStyle: { color: colour(at), opacity: total > 400 ? 0.45 : 0.8, borderColor: "var(--card)", borderWidth: 1 },
          label: { show: total <= 12, position: "top", color: "var(--ink)", fontSize: 12, formatter: ({ data }) => cut(data[3], 18) },
          labelLayout: { hideOverlap: true },
        })),
      };
    },
  };
  for (const chart of charts) {
    const plot = document.querySelector(`[data-chart="${CSS.escape(chart.name)}"]`);
    if (chart.kind === "bars" && chart.lying) plot.style.height = `${70 + chart.categories.length * (14 + 18 * chart.series.length)}px`;
    const drawn = echarts.init(plot, null, { renderer: "svg" });
    let width = 0;
    function draw() {
      if (!plot.clientWidth || plot.clientWidth === width || matchMedia("print").matches) return;
      width = plot.clientWidth;
      drawn.resize();
      const option = DRAW[chart.kind](chart, width);
      Object.assign(option.tooltip, { className: "plot-tip", confine: true, transitionDuration: 0, backgroundColor: "var(--card)", borderColor: "var(--line)", borderWidth: 1, padding: 10, textStyle: { color: "var(--ink)", fontFamily: "inherit", fontSize: 13 } });
      drawn.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(plot).fontFamily }, grid: { left: 4, right: 20, top: 24, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "all", outerBounds: { left: 4, right: 20, top: 10, bottom: 4 } }, ...option }, true);
      const svg = plot.querySelector("svg");
      svg.setAttribute("viewBox", `0 0 ${drawn.getWidth()} ${drawn.getHeight()}`);
      svg.setAttribute("aria-hidden", "true");
    }
    draw();
    new ResizeObserver(draw).observe(plot);
  }
})();
