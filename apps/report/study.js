// Draws the charts of a study's page from the JSON in #report-data. study_page.cpp says what they
// show: this file knows lines over an axis, with bands, marks or as stairs, and intervals beside a
// zero.
(() => {
'use strict';

const {names, sections} = JSON.parse(document.getElementById('report-data').textContent);
const {color, dashes, shape, element, smallest, largest, axis, isRound, tickText, legendOf,
  drawInScheme} = Charts;

const number = (value, digits) =>
  typeof value === 'number' ? value.toLocaleString('en',
    {minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false}) : '';

function styleOf(group) {
  const line = color(group);
  return {borderColor: line, backgroundColor: line, borderWidth: 2.5, borderDash: dashes(group),
    pointStyle: shape(group), pointRadius: 4.5, pointBorderWidth: 2, pointHoverRadius: 6, clip: 6};
}

// A series as Chart.js's datasets; the edges of a band stay neighbours, below the lines.
function lineSets(series, figure) {
  const line = {...styleOf(series.group), role: 'line', group: series.group, order: 1,
    label: names[series.group], data: series.points, stepped: figure.stepped ? 'before' : false,
    ...(figure.plain ? {pointRadius: 0, borderWidth: 2} : {})};
  const spread = series.points.filter(point => typeof point.low === 'number');
  if (spread.length === 0) return [line];
  const edge = key => ({role: 'band', group: series.group, order: 2, borderWidth: 0, pointRadius: 0,
    pointHitRadius: 0, backgroundColor: color(series.group) + '33',
    data: spread.map(point => ({x: point.x, y: point[key]}))});
  return [line, {...edge('high'), fill: '+1'}, edge('low')];
}

// A series of one point as a whisker with a mark, on a line of its own.
function intervalSets(series, index) {
  const style = {...styleOf(series.group), group: series.group, label: names[series.group]};
  const {mean, low, high} = series.points[0];
  const sets = [{...style, role: 'line', order: 1, showLine: false,
    data: [{x: mean, y: index, low, high}]}];
  if (typeof low === 'number') {
    sets.push({...style, role: 'whisker', order: 2, pointRadius: 0, pointHitRadius: 0, borderDash: [],
      data: [{x: low, y: index}, {x: high, y: index}]});
  }
  return sets;
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  return ['--quiet', '--line', '--background', '--text']
    .map(name => style.getPropertyValue(name).trim());
}

function numberTicks(scale, logarithmic) {
  scale.ticks.callback = (value, index, ticks) => {
    if (logarithmic && !isRound(value)) return '';
    if (logarithmic) return value < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(6)));
    return tickText(value, ticks.length > 1 ? Math.abs(ticks[1].value - ticks[0].value) : 1);
  };
}

function scalesOf(figure, text, line) {
  const x = {...axis(figure.x, text, line), type: figure.logarithmic ? 'logarithmic' : 'linear'};
  const y = {...axis('', text, line), type: 'linear'};
  numberTicks(x, figure.logarithmic);
  numberTicks(y, false);
  if (figure.kind === 'intervals') {
    Object.assign(y, {min: -0.6, max: figure.series.length - 0.4, reverse: true});
    y.ticks = {...y.ticks, stepSize: 1, autoSkip: false, maxTicksLimit: 100,
      callback: value => figure.series[value] ? names[figure.series[value].group] : ''};
    y.grid = {...y.grid, display: false};
    return {x, y};
  }
  if (figure.labels) {
    Object.assign(x, {min: -0.6, max: figure.labels.length - 0.4});
    x.ticks = {...x.ticks, stepSize: 1, autoSkip: false, callback: value => figure.labels[value] ?? ''};
  }
  if (figure.whole) x.ticks.precision = 0;
  if (figure.end) x.max = figure.end;
  if (figure.share) Object.assign(y, {min: 0, max: 100});
  if (figure.limits) {
    const ys = figure.series.flatMap(series => series.points.map(point => point.y));
    if (smallest(ys, Infinity) < figure.limits[0]) y.min = figure.limits[0];
    if (largest(ys, -Infinity) > figure.limits[1]) y.max = figure.limits[1];
  }
  const xs = figure.series.flatMap(series => series.points.map(point => point.x));
  const [low, high] = [smallest(xs, Infinity), largest(xs, -Infinity)];
  // A range of one value would have no width.
  if (low === high && !figure.labels) Object.assign(x, {suggestedMin: low * 0.9, suggestedMax: low * 1.1});
  return {x, y};
}

function pointText(figure, point) {
  const mean = number(figure.kind === 'intervals' ? point.x : point.y, figure.digits);
  if (typeof point.low !== 'number') return mean;
  return `${mean} [${number(point.low, figure.digits)}, ${number(point.high, figure.digits)}]`;
}

// Draws a line across the chart, with a text, at each of the figure's marks on its x-axis.
function markDrawer(figure) {
  return {id: 'marks', afterDatasetsDraw(chart) {
    const [, , , text] = theme();
    const panel = getComputedStyle(document.documentElement).getPropertyValue('--panel').trim();
    const {ctx, chartArea: {top, bottom, right}} = chart;
    ctx.save();
    for (const mark of figure.marks) {
      const x = chart.scales.x.getPixelForValue(mark.x);
      Object.assign(ctx, {strokeStyle: text, fillStyle: text, lineWidth: 1.5, textBaseline: 'top'});
      ctx.setLineDash([5, 4]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      ctx.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
      const fits = x + 6 + ctx.measureText(mark.text).width < right;
      ctx.textAlign = fits ? 'left' : 'right';
      ctx.setLineDash([]);
      // Readable across the lines.
      Object.assign(ctx, {strokeStyle: panel, lineWidth: 4});
      ctx.strokeText(mark.text, x + (fits ? 6 : -6), top + 4);
      ctx.fillText(mark.text, x + (fits ? 6 : -6), top + 4);
    }
    ctx.restore();
  }};
}

function optionsOf(figure) {
  const [text, line, panel] = theme();
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: {mode: 'nearest', intersect: false},
    layout: {padding: {right: 8}},
    scales: scalesOf(figure, text, line),
    plugins: {
      legend: {display: false},
      tooltip: {
        backgroundColor: panel, titleColor: text, bodyColor: text, borderColor: line,
        borderWidth: 1, usePointStyle: true,
        filter: item => item.dataset.role === 'line',
        callbacks: {
          title: () => '',
          label: item => ` ${item.dataset.label}: ${pointText(figure, item.raw)}` +
            (figure.kind === 'intervals' ? '' :
              ` at ${figure.labels?.[item.raw.x] ?? item.raw.label ?? item.raw.x}`),
        },
      },
    },
  };
}

function tableOf(figure) {
  const head = texts => element('thead', {}, element('tr', {},
    ...texts.map(text => element('th', {scope: 'col', textContent: text}))));
  const row = (first, cells) => element('tr', {}, element('th', {scope: 'row', textContent: first}),
    ...cells.map(text => element('td', {textContent: text})));
  const rows = [];
  let titles;
  if (figure.kind === 'intervals') {
    titles = ['', figure.x, '95% from', 'to'];
    for (const series of figure.series) {
      const {mean, low, high} = series.points[0];
      rows.push(row(names[series.group],
        [mean, low, high].map(value => number(value, figure.digits))));
    }
  } else if (figure.stepped || figure.series.some(series => series.points[0].label)) {
    // Each series has values of its own on the axis.
    titles = ['', figure.x, figure.title];
    for (const series of figure.series) {
      for (const point of series.points) {
        rows.push(row(names[series.group],
          [point.label ?? number(point.x, 2), pointText(figure, point)]));
      }
    }
  } else {
    titles = [figure.x, ...figure.series.map(series => names[series.group])];
    const xs = [...new Set(figure.series.flatMap(series => series.points.map(point => point.x)))]
      .sort((a, b) => a - b);
    for (const x of xs) {
      rows.push(row(figure.labels?.[x] ?? x, figure.series.map(series => {
        const point = series.points.find(one => one.x === x);
        return point ? pointText(figure, point) : '';
      })));
    }
  }
  return element('div', {className: 'scroll', tabIndex: 0},
    element('table', {}, head(titles), element('tbody', {}, ...rows)));
}

// What a chart shows, for those who do not see it.
function description(figure) {
  const parts = figure.series.map(({group, points}) => {
    if (figure.kind === 'intervals') {
      return `${names[group]} ${pointText(figure, {...points[0], x: points[0].mean})}`;
    }
    return `${names[group]} from ${number(points[0].y, figure.digits)} ` +
      `to ${number(points.at(-1).y, figure.digits)}`;
  });
  return `${figure.title}: ${parts.join('; ')}.`;
}

function figureOf(figure, parent) {
  const canvas = element('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', description(figure));
  parent.append(element('figure', {},
    element('figcaption', {}, figure.title, element('span', {textContent: figure.note})),
    element('div', {className: 'plot'}, canvas),
    element('details', {}, element('summary', {textContent: 'As a table'}), tableOf(figure))));
  let chart;
  return hidden => {
    chart?.destroy();
    const sets = figure.series
      .flatMap((series, index) => figure.kind === 'intervals' ? intervalSets(series, index)
        : lineSets(series, figure))
      .map(set => ({...set, hidden: hidden.has(set.group)}));
    if (figure.kind === 'intervals') {
      const [, , , text] = theme();
      sets.push({role: 'zero', order: 3, data: [{x: 0, y: -0.6}, {x: 0, y: figure.series.length - 0.4}],
        borderColor: text, borderWidth: 1, pointRadius: 0, pointHitRadius: 0});
    }
    chart = new Chart(canvas, {type: 'line', data: {datasets: sets}, options: optionsOf(figure),
      plugins: figure.marks ? [markDrawer(figure)] : []});
  };
}

function show({figures}, place) {
  if (figures.length === 0) return () => {};
  // Colours are a variant's on the whole page; the legend of a section has those that it shows.
  const groups = [...new Set(figures.flatMap(one => one.series.map(({group}) => group)))]
    .sort((a, b) => a - b);
  const legend = element('nav', {className: 'legend'});
  legend.setAttribute('aria-label', 'Show or hide in every chart of this section');
  const charts = element('div', {className: 'charts'});
  place.append(legend, charts);
  const draws = figures.map(figure => figureOf(figure, charts));
  return legendOf(groups.map(group => names[group]), legend, hidden => {
    for (const draw of draws) draw(hidden);
  }, groups);
}

drawInScheme(sections.map((section, index) =>
  show(section, document.getElementById(`curves-${index}`))));
})();
