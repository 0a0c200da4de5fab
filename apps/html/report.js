// Draws the charts of a Plastic report from the JSON in #report-data.
(() => {
'use strict';

const {groups} = JSON.parse(document.getElementById('report-data').textContent);
const dark = matchMedia('(prefers-color-scheme: dark)');

// Okabe and Ito's colours, which colour-blind readers can tell apart, darkened or lightened where
// the background asks for it. Shapes, and dashes from the seventh on, tell them apart as well.
const COLORS = {
  light: ['#0072b2', '#d55e00', '#00805c', '#a8407f', '#8a6d00', '#3d4650'],
  dark: ['#56b4e9', '#ff8f4a', '#2fcf9f', '#ee9fcb', '#f0d83c', '#d7dde4'],
};
const SHAPES = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'];
const MARKS = ['●', '■', '▲', '◆', '✕', '✱'];
const color = group => COLORS[dark.matches ? 'dark' : 'light'][group % SHAPES.length];
const dashes = group => Array(Math.floor(group / SHAPES.length)).fill([7, 3]).flat();

const percent = {unit: '%', scale: 100, digits: 2};
const plain = {unit: '', scale: 1, digits: 4};
const CURVES = [
  {name: 'test_accuracy', title: 'Test accuracy', ...percent},
  {name: 'train_accuracy', title: 'Training accuracy',
    note: 'over the batches as they were met, with dropout', ...percent},
  {name: 'test_loss', title: 'Test loss', ...plain},
  {name: 'train_loss', title: 'Training loss',
    note: 'over the batches as they were met, with dropout', ...plain},
  {name: 'learning_rate', title: 'Learning rate', ...plain, logarithmic: true},
];
const DIAGNOSTICS = [
  {name: 'alpha_mean', title: 'α: mean', ...plain},
  {name: 'alpha_std', title: 'α: standard deviation', ...plain},
  {name: 'alpha_median', title: 'α: median', ...plain},
  {name: 'alpha_fraction_near_min', title: 'α near its minimum', note: 'share of elements',
    ...percent},
  {name: 'alpha_fraction_near_max', title: 'α near its maximum', note: 'share of elements',
    ...percent},
  {name: 'alpha_min', title: 'α: smallest', ...plain},
  {name: 'alpha_max', title: 'α: largest', ...plain},
  {name: 'raw_gradient_norm', title: 'Norm of the gradient', ...plain},
  {name: 'raw_update_norm', title: 'Norm of the update', note: 'before homeostasis', ...plain},
  {name: 'effective_update_norm', title: 'Norm of the update', note: 'after homeostasis', ...plain},
  {name: 'plasticity_delta_norm', title: 'Norm of what plasticity adds', ...plain},
  {name: 'parameter_norm', title: 'Norm of the weights', ...plain},
];

function deviation(values, mean) {
  if (values.length < 2) return NaN;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

// A quantity over the epochs of a group: {runs: [[{x, y}]], points: [{x, y, deviation, count}]}.
function series(group, pick, quantity) {
  const runs = group.runs.map(run => run.epochs
    .filter(epoch => typeof pick(epoch) === 'number')
    .map(epoch => ({x: epoch.epoch, y: quantity.scale * pick(epoch)})));
  const byEpoch = new Map();
  for (const {x, y} of runs.flat()) byEpoch.set(x, [...(byEpoch.get(x) ?? []), y]);
  const points = [...byEpoch].sort(([a], [b]) => a - b).map(([x, values]) => {
    const y = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {x, y, deviation: deviation(values, y), count: values.length};
  });
  return {runs, points};
}

function format(value, quantity) {
  if (quantity.scale === 100) return value.toFixed(quantity.digits);
  return value.toLocaleString('en', {maximumSignificantDigits: quantity.digits, useGrouping: false});
}

function withDeviation(point, quantity) {
  const mean = format(point.y, quantity);
  return Number.isNaN(point.deviation) ? mean : `${mean} ± ${format(point.deviation, quantity)}`;
}

// Chart.js draws the first dataset last: means on top, bands at the bottom.
const LAYERS = ['mean', 'run', 'band'];

// The datasets of a group; the two edges of its band stay neighbours.
function datasets(index, {runs, points}) {
  const line = color(index);
  const common = {group: index, borderDash: dashes(index), clip: 6, pointRadius: 0,
    pointHitRadius: 0};
  const list = [{...common, role: 'mean', label: groups[index].name, data: points,
    borderColor: line, backgroundColor: line, borderWidth: 2.5, pointStyle: SHAPES[index % SHAPES.length],
    pointRadius: points.length > 40 ? 0 : 3.5, pointHoverRadius: 5, pointHitRadius: 8}];
  if (groups[index].runs.length < 2) return list;
  for (const data of runs) {
    list.push({...common, role: 'run', data, borderColor: line + '66', borderWidth: 1});
  }
  const spread = points.filter(point => !Number.isNaN(point.deviation));
  const edge = sign => spread.map(({x, y, deviation: d}) => ({x, y: y + sign * d}));
  list.push({...common, role: 'band', data: edge(1), borderWidth: 0, fill: '+1',
    backgroundColor: line + '33'});
  list.push({...common, role: 'band', data: edge(-1), borderWidth: 0});
  return list;
}

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function numbersTable(quantity, all) {
  const shown = all.map((one, index) => ({...one, index})).filter(one => one.points.length > 0);
  const epochs = [...new Set(shown.flatMap(one => one.points.map(point => point.x)))]
    .sort((a, b) => a - b);
  const head = element('tr', {}, ...['epoch', ...shown.map(one => groups[one.index].name)]
    .map(text => element('th', {scope: 'col', textContent: text})));
  const rows = epochs.map(epoch => element('tr', {},
    element('th', {scope: 'row', textContent: epoch}),
    ...shown.map(one => {
      const point = one.points.find(({x}) => x === epoch);
      return element('td', {textContent: point ? withDeviation(point, quantity) : ''});
    })));
  return element('div', {className: 'scroll', tabIndex: 0},
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
}

// What a chart shows, for those who do not see it.
function description(quantity, all) {
  const parts = all.flatMap(({points}, index) => points.length === 0 ? [] :
    [`${groups[index].name} from ${format(points[0].y, quantity)} ` +
     `to ${format(points.at(-1).y, quantity)}`]);
  return `${quantity.title}${quantity.unit && ', ' + quantity.unit} by epoch: ${parts.join('; ')}.`;
}

const epochs = groups.flatMap(group => group.runs).flatMap(run => run.epochs)
  .map(({epoch}) => epoch);
const lastEpoch = epochs.reduce((a, b) => Math.max(a, b), 1);
const firstEpoch = epochs.reduce((a, b) => Math.min(a, b), lastEpoch);
// A range of one epoch would have no width.
const epochRange = {min: firstEpoch, max: Math.max(lastEpoch, firstEpoch + 1)};

function axis(title, text, line) {
  return {
    title: {display: title !== '', text: title, color: text},
    ticks: {color: text, maxTicksLimit: 8},
    grid: {color: line, borderColor: line, tickColor: line},
  };
}

function options(quantity, logarithmic) {
  const style = getComputedStyle(document.documentElement);
  const [text, line, panel] = ['--quiet', '--line', '--background']
    .map(name => style.getPropertyValue(name).trim());
  const y = {...axis('', text, line), type: logarithmic ? 'logarithmic' : 'linear'};
  y.ticks.callback = (value, index, ticks) => {
    if (logarithmic) return Number.isInteger(Math.round(1e6 * Math.log10(value)) / 1e6) ? value : '';
    const step = ticks.length > 1 ? Math.abs(ticks[1].value - ticks[0].value) : 1;
    if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(1);
    return value.toFixed(Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9))));
  };
  const x = {...axis('epoch', text, line), type: 'linear', ...epochRange};
  x.ticks.precision = 0;
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: {mode: 'x', intersect: false},
    layout: {padding: {right: 8}},
    scales: {x, y},
    plugins: {
      legend: {display: false},
      tooltip: {
        backgroundColor: panel, titleColor: text, bodyColor: text, borderColor: line,
        borderWidth: 1, usePointStyle: true,
        filter: item => item.dataset.role === 'mean',
        callbacks: {
          title: items => items.length > 0 ? `epoch ${items[0].parsed.x}` : '',
          label: item => ` ${item.dataset.label}: ${withDeviation(item.raw, quantity)}` +
            (quantity.unit && ' ' + quantity.unit),
        },
      },
    },
  };
}

// Adds the figure of a quantity to `parent`, unless no run has it; gives back what draws it anew.
function figure(parent, quantity, pick) {
  const all = groups.map(group => series(group, pick, quantity));
  const values = all.flatMap(one => one.points.map(point => point.y));
  if (values.length === 0) return [];
  const logarithmic = quantity.logarithmic === true && Math.min(...values) > 0 &&
    Math.max(...values) > 5 * Math.min(...values);
  const canvas = element('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', description(quantity, all));
  const note = [quantity.note, logarithmic ? 'logarithmic scale' : ''].filter(Boolean).join('; ');
  parent.append(element('figure', {},
    element('figcaption', {}, quantity.title + (quantity.unit && ', ' + quantity.unit),
      element('span', {textContent: note})),
    element('div', {className: 'plot'}, canvas),
    element('details', {}, element('summary', {textContent: 'As a table'}),
      numbersTable(quantity, all))));
  let chart;
  return [hidden => {
    chart?.destroy();
    const sets = all.flatMap((one, index) => one.points.length > 0 ? datasets(index, one) : [])
      .sort((a, b) => LAYERS.indexOf(a.role) - LAYERS.indexOf(b.role))
      .map(set => ({...set, hidden: hidden.has(set.group)}));
    chart = new Chart(canvas, {type: 'line', data: {datasets: sets},
      options: options(quantity, logarithmic)});
  }];
}

function unknownDiagnostics() {
  const known = new Set(DIAGNOSTICS.map(quantity => quantity.name));
  const names = groups.flatMap(group => group.runs).flatMap(run => run.epochs)
    .flatMap(epoch => Object.keys(epoch.diagnostics ?? {}));
  return [...new Set(names)].filter(name => !known.has(name))
    .map(name => ({name, title: name.replaceAll('_', ' '), ...plain}));
}

const curves = document.getElementById('curve-charts');
const diagnostics = document.getElementById('diagnostic-charts');
const figures = [
  ...CURVES.flatMap(quantity => figure(curves, quantity, epoch => epoch[quantity.name])),
  ...[...DIAGNOSTICS, ...unknownDiagnostics()].flatMap(quantity =>
    figure(diagnostics, quantity, epoch => epoch.diagnostics?.[quantity.name])),
];
document.getElementById('diagnostics-section').hidden = diagnostics.childElementCount === 0;
if (groups.some(group => group.runs.length > 1)) {
  document.getElementById('how-to-read').textContent = 'Thick lines are means over the seeds, bands ' +
    'one deviation of a sample to either side, thin lines single runs.';
}

const hidden = new Set();
const marks = groups.map((group, index) => {
  const mark = element('span', {className: 'mark', textContent: MARKS[index % MARKS.length]});
  mark.setAttribute('aria-hidden', 'true');
  const button = element('button', {type: 'button'}, mark, group.name);
  button.setAttribute('aria-pressed', 'true');
  button.addEventListener('click', () => {
    if (!hidden.delete(index)) hidden.add(index);
    button.setAttribute('aria-pressed', String(!hidden.has(index)));
    draw();
  });
  document.getElementById('legend').append(button);
  return mark;
});

function draw() {
  marks.forEach((mark, index) => { mark.style.color = color(index); });
  for (const redraw of figures) redraw(hidden);
}
dark.addEventListener('change', draw);
draw();
})();
